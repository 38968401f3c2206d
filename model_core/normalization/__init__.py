"""Normalization by experiment: statistics around every norm, and what each kind of norm does."""

from model_core.normalization.backward import part_parameters, part_shapes, read_backward
from model_core.normalization.batches import (
    BatchStatistics,
    batch_statistics,
    distances,
    expected_distances,
    filling_windows,
)
from model_core.normalization.covariate_shift import shift, shift_rate
from model_core.normalization.distributions import QUANTILES, bin_shares, quantiles
from model_core.normalization.exchange import with_running_averages
from model_core.normalization.groups import (
    CellIndex,
    Normalized,
    normalized_cell,
    normalized_members,
    read_entering,
    shares,
)
from model_core.normalization.inputs import read_inputs
from model_core.normalization.layers import read_distributions, read_layers, read_norm
from model_core.normalization.leak import (
    CASES,
    EVALUATION,
    TRAINING,
    leak_sites,
    leaks,
    relative,
)
from model_core.normalization.lengths import length_losses, window_lengths
from model_core.normalization.modes import read_scales
from model_core.normalization.parts import part_sites, read_parts
from model_core.normalization.references import REFERENCES, apart, by_reference, running_by_torch
from model_core.normalization.statistics import norm_statistics
from model_core.normalization.worked import Kind, Running, Worked, running_after, undo

__all__ = [
    "CASES",
    "EVALUATION",
    "QUANTILES",
    "REFERENCES",
    "TRAINING",
    "BatchStatistics",
    "CellIndex",
    "Kind",
    "Normalized",
    "Running",
    "Worked",
    "apart",
    "batch_statistics",
    "bin_shares",
    "by_reference",
    "filling_windows",
    "distances",
    "expected_distances",
    "leak_sites",
    "leaks",
    "length_losses",
    "norm_statistics",
    "normalized_cell",
    "normalized_members",
    "part_parameters",
    "part_shapes",
    "part_sites",
    "quantiles",
    "read_backward",
    "read_distributions",
    "read_entering",
    "read_inputs",
    "read_layers",
    "read_norm",
    "read_parts",
    "read_scales",
    "relative",
    "running_after",
    "running_by_torch",
    "shares",
    "shift",
    "shift_rate",
    "undo",
    "window_lengths",
    "with_running_averages",
]
