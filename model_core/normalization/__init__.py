"""Normalization by experiment: statistics around every norm, and what each kind of norm does."""

from model_core.normalization.covariate_shift import shift, shift_rate
from model_core.normalization.distributions import QUANTILES, bin_shares, quantiles
from model_core.normalization.inputs import layer_names, norm_before, read_inputs
from model_core.normalization.layers import read_layers, read_norm, stream_names
from model_core.normalization.statistics import norm_names, norm_statistics

__all__ = [
    "QUANTILES",
    "bin_shares",
    "layer_names",
    "norm_before",
    "norm_names",
    "norm_statistics",
    "quantiles",
    "read_inputs",
    "read_layers",
    "read_norm",
    "shift",
    "shift_rate",
    "stream_names",
]
