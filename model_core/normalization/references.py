"""The same normalizations by torch and scikit-learn, to compare ours with."""

from typing import cast

import numpy as np
import torch
from torch import nn

from model_core.norm_modules import norm_module
from model_core.normalization.worked import LEARNING, SCALINGS, Kind, Running
from model_core.norms import EPS, LEARNED, NORMS, NormKind

REFERENCES: dict[Kind, str] = {
    "min-max": "scikit-learn's MinMaxScaler",
    "standardization": "scikit-learn's StandardScaler",
    **{kind: NORMS[kind].reference for kind in LEARNING},
}


def by_reference(
    kind: Kind,
    x: np.ndarray,
    *,
    eps: float = EPS,
    running: Running | None = None,
    precision: str = "float64",
    **learned: np.ndarray | None,
) -> np.ndarray:
    """The `result` of `worked`, (N, F) float64, computed in "float64" or "float32".

    torch's own ValueError for batch norm in training mode with eps = 0.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 is infinite
        given = x.astype(precision, order="C")  # otherwise torch rounds differently
    if kind in SCALINGS:
        return _scaled(kind, given)
    module = norm_module(cast(NormKind, kind), x.shape[1], eps).to(getattr(torch, precision))
    module.train(running is None)
    state = {LEARNED[name].parameter: values for name, values in learned.items()}
    if running is not None:
        state |= {"running_mean": running.mean, "running_var": running.variance}
    with torch.no_grad():
        for name, values in state.items():
            if values is not None:
                getattr(module, name).copy_(torch.from_numpy(np.array(values)))
        return module(torch.from_numpy(given)).double().numpy()


def running_by_torch(x: np.ndarray, passes: int) -> Running:
    """The buffers of torch's BatchNorm1d after `passes` over x (N, F) in training mode."""
    module = nn.BatchNorm1d(x.shape[1], dtype=torch.float64)
    for _ in range(passes):
        module(torch.tensor(x))
    assert module.running_mean is not None and module.running_var is not None
    return Running(module.running_mean.numpy(), module.running_var.numpy())


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference of two arrays (N, F); infinite where only one is finite."""
    known = np.isfinite(ours) & np.isfinite(theirs)
    same = known | (np.isnan(ours) & np.isnan(theirs)) | (ours == theirs)
    if not same.all():
        return float("inf")
    return float(np.abs(ours[known] - theirs[known]).max(initial=0.0))


def _scaled(kind: Kind, x: np.ndarray) -> np.ndarray:
    # the import takes a second: only when used
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    scaler = MinMaxScaler() if kind == "min-max" else StandardScaler()
    return scaler.fit_transform(x).astype(np.float64)
