"""Normalization by experiment: statistics around every norm, and what each kind of norm does."""

from model_core.normalization.distributions import QUANTILES, quantiles
from model_core.normalization.groups import (
    Cell,
    Normalized,
    normalized_cell,
    read_entering,
    shares,
    torch_result,
)
from model_core.normalization.statistics import norm_names, norm_statistics, read_norms

__all__ = [
    "QUANTILES",
    "Cell",
    "Normalized",
    "norm_names",
    "norm_statistics",
    "normalized_cell",
    "quantiles",
    "read_entering",
    "read_norms",
    "shares",
    "torch_result",
]
