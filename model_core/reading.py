"""One text, read by the model of every recorded step: attention and norm statistics over time."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from model_core.attention import attend
from model_core.normalization import TokenStatistics, token_statistics
from model_core.runs import Run


@dataclass(frozen=True)
class Reading:
    """What S recorded steps make of T tokens; statistics as in TokenStatistics, (S, K, T) each.

    weights (S, L, H, T, T) are after softmax, None for a model without attention.
    """

    weights: np.ndarray | None
    mean_in: np.ndarray
    std_in: np.ndarray
    mean_out: np.ndarray
    std_out: np.ndarray


class Reader:
    """Reads one text at step after step and keeps what it saw; a growing run costs its new steps.

    Snapshots never change, so nothing is ever read twice. Safe to share between threads.
    """

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = torch.tensor(ids)
        self._seen: dict[int, tuple[np.ndarray | None, TokenStatistics]] = {}
        self._lock = threading.Lock()

    def at(self, run: Run, steps: np.ndarray) -> Reading:
        """The reading at recorded `steps` (S,) of the run, at least one; T ≤ block_size."""
        with self._lock:
            missing = [int(step) for step in steps if int(step) not in self._seen]
            for step, model in zip(missing, run.models(missing), strict=True):
                weights = attend(model, self._ids).weights if run.model_config.n_layer else None
                self._seen[step] = weights, token_statistics(model, self._ids)
            seen = [self._seen[int(step)] for step in steps]
        heads = [weights for weights, _ in seen if weights is not None]
        norms = [statistics for _, statistics in seen]
        return Reading(
            np.stack(heads) if heads else None,
            np.stack([norm.mean_in for norm in norms]),
            np.stack([norm.std_in for norm in norms]),
            np.stack([norm.mean_out for norm in norms]),
            np.stack([norm.std_out for norm in norms]),
        )
