"""What a layer receives over the recorded steps, summarized by a few numbers a step."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch

from explorer.data.cache import cached
from explorer.data.layers import inputs
from explorer.data.readers import Ids
from model_core.normalization import quantiles, shift, shift_rate
from model_core.runs import Run

Side = Literal["stream", "input"]
SHOWN = 3  # at once; each holds up to 64 MiB, beside what it was computed from


class Input(NamedTuple):
    """What a layer receives, or what enters the norm before it; one channel of it, or all."""

    layer: str
    side: Side
    channel: int | None = None


class Spread(NamedTuple):
    """The numbers of one distribution at S steps, (S, N), and their summaries, in their unit.

    `quantiles` (S, 7), `mean` and `std` (S,); `shift` from the first step and `rate` since the one
    before, of all numbers together (S,) and of each of K channels by itself (S, K).
    """

    numbers: np.ndarray
    quantiles: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    shift: np.ndarray
    rate: np.ndarray
    channel_shift: np.ndarray
    channel_rate: np.ndarray


@dataclass(frozen=True)
class AlignedSpread:
    """A spread beside a clock of S steps: `indices` (S,) of its own `steps` (R,), -1 where none."""

    name: str
    title: str
    spread: Spread
    steps: np.ndarray
    indices: np.ndarray

    def of(self, what: str) -> np.ndarray:
        """A field of the spread at the steps of the clock: (S, ...), NaN where there is none."""
        values = getattr(self.spread, what)
        missing = (self.indices < 0).reshape(-1, *[1] * (values.ndim - 1))
        return np.where(missing, np.nan, values[self.indices])

    def relative(self, what: str) -> np.ndarray:
        """The same in standard deviations of the first step; NaN where that is zero."""
        first = self.spread.std[0]
        return self.of(what) / (first if first else np.nan)


@cached(SHOWN)
def spread(run: Run, steps: np.ndarray, ids: Ids, what: Input) -> Spread:
    """The numbers that this text makes there."""
    values = inputs(run, steps, ids, what.layer)[what.side]  # (S, T, C)
    if what.channel is not None:
        values = values[..., what.channel : what.channel + 1]
    values = np.where(np.isfinite(values), values, np.float32(np.nan))
    numbers, channels = values.reshape(len(values), -1), values.swapaxes(1, 2)
    return Spread(
        numbers,
        quantiles(torch.from_numpy(numbers)).numpy(),
        numbers.mean(1, dtype=np.float64),
        numbers.std(1, dtype=np.float64),
        shift(numbers),
        shift_rate(numbers, steps),
        shift(channels),
        shift_rate(channels, steps),
    )
