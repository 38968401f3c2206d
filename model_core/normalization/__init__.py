"""Normalization by experiment: statistics around every norm, and what each kind of norm does."""

from model_core.normalization.distributions import QUANTILES, quantiles
from model_core.normalization.references import REFERENCES, apart, by_reference, running_by_torch
from model_core.normalization.statistics import norm_names, norm_statistics, read_norms
from model_core.normalization.worked import Kind, Running, Worked, running_after, undo, worked

__all__ = [
    "QUANTILES",
    "REFERENCES",
    "Kind",
    "Running",
    "Worked",
    "apart",
    "by_reference",
    "norm_names",
    "norm_statistics",
    "quantiles",
    "read_norms",
    "running_after",
    "running_by_torch",
    "undo",
    "worked",
]
