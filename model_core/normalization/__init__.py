"""Normalization by experiment: statistics around every norm, and what each kind of norm does."""

from model_core.normalization.covariate_shift import shift, shift_rate
from model_core.normalization.distributions import QUANTILES, bin_shares, quantiles
from model_core.normalization.groups import (
    Cell,
    Normalized,
    normalized_cell,
    read_entering,
    shares,
    torch_result,
)
from model_core.normalization.inputs import layer_names, norm_before, read_inputs
from model_core.normalization.layers import read_layers, read_norm, stream_names
from model_core.normalization.statistics import norm_names, norm_statistics

__all__ = [
    "Cell",
    "Normalized",
    "QUANTILES",
    "bin_shares",
    "layer_names",
    "norm_before",
    "norm_names",
    "norm_statistics",
    "normalized_cell",
    "quantiles",
    "read_entering",
    "read_inputs",
    "read_layers",
    "read_norm",
    "shares",
    "shift",
    "shift_rate",
    "stream_names",
    "torch_result",
]
