"""Normalization by experiment: statistics around every norm, and what each kind of norm does."""

from model_core.normalization.covariate_shift import shift, shift_rate
from model_core.normalization.distributions import QUANTILES, quantiles, shares
from model_core.normalization.inputs import layer_names, norm_before, read_inputs
from model_core.normalization.statistics import norm_names, norm_statistics, read_norms

__all__ = [
    "QUANTILES",
    "layer_names",
    "norm_before",
    "norm_names",
    "norm_statistics",
    "quantiles",
    "read_inputs",
    "read_norms",
    "shares",
    "shift",
    "shift_rate",
]
