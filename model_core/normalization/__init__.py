"""Normalization by experiment: statistics around every norm, and what each kind of norm does."""

from model_core.normalization.batches import (
    BatchStatistics,
    batch_statistics,
    company,
    distances,
    expected_distances,
)
from model_core.normalization.distributions import QUANTILES, quantiles
from model_core.normalization.exchange import exchanged, settle, with_running_averages
from model_core.normalization.layers import read_layers, stream_names
from model_core.normalization.leak import (
    CASES,
    EVALUATION,
    TRAINING,
    Leak,
    leak,
    leak_places,
    leaks,
    relative,
)
from model_core.normalization.modes import batch_mode, mode_losses
from model_core.normalization.statistics import norm_names, norm_statistics

__all__ = [
    "CASES",
    "EVALUATION",
    "QUANTILES",
    "TRAINING",
    "BatchStatistics",
    "Leak",
    "batch_mode",
    "batch_statistics",
    "company",
    "distances",
    "exchanged",
    "expected_distances",
    "leak",
    "leak_places",
    "leaks",
    "mode_losses",
    "norm_names",
    "norm_statistics",
    "quantiles",
    "read_layers",
    "relative",
    "settle",
    "stream_names",
    "with_running_averages",
]
