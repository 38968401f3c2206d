"""Scales of values: linear, logarithmic, or bent (linear around zero, logarithmic far from it)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.charts.parts.arrays import log_ticks

WIDE = 50  # times the median magnitude: beyond it a linear scale shows only the largest numbers
CLOSE = 0.08  # of the axis: a tick nearer to zero would overlap it


@dataclass(frozen=True)
class Scale:
    """The scale that values are drawn on, with their `unit`.

    It holds the numbers of all steps, with `per_step` those of the step shown; `limits` fix its
    ends, of a logarithmic one as powers of ten. `log`: numbers that are not positive are gaps.
    `bend`: see `bent`.
    """

    unit: str
    log: bool = False
    bend: float | None = None
    limits: tuple[float, float] | None = None
    per_step: bool = False


def bend_of(values: np.ndarray) -> float | None:
    """Where a scale for these numbers should bend: at their median magnitude.

    None where a linear scale shows them all: the largest is at most WIDE times the median.
    """
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not sizes.size or sizes.max() <= WIDE * (typical := float(np.median(sizes))):
        return None
    return typical


def bent(values: np.ndarray, bend: float | None) -> np.ndarray:
    """Coordinates of numbers on the scale: asinh(x / bend), or x itself without a bend."""
    return values if bend is None else np.arcsinh(values / bend)


def unbent(coordinates: np.ndarray, bend: float | None) -> np.ndarray:
    """The inverse of `bent`."""
    return coordinates if bend is None else np.sinh(coordinates) * bend


def edges_between(low: float, high: float, count: int, bend: float | None) -> np.ndarray:
    """Edges (count + 1,) of bins from `low` to `high` that look equally wide on the scale."""
    first, last = bent(np.array([low, high], np.float64), bend)
    return unbent(np.linspace(first, last, count + 1), bend)


def bent_axis(low: float, high: float, bend: float | None) -> dict[str, Any]:
    """Ticks of an axis over the numbers [low, high], labelled with the numbers themselves."""
    if bend is None:
        return {"nticks": 6}
    largest = max(abs(low), abs(high))
    sizes = log_ticks(np.log10(bend), np.log10(max(largest, 2 * bend)), at_most=3)
    far = [tick for size in sizes for tick in (-size, size)]
    first, last = bent(np.array([low, high]), bend)
    apart = np.abs(bent(np.array(far), bend)) > CLOSE * (last - first)
    ticks = np.sort([0.0, *np.array(far)[apart]])
    ticks = ticks[(ticks >= low) & (ticks <= high)]
    return {
        "tickmode": "array",
        "tickvals": bent(ticks, bend).tolist(),
        "ticktext": [f"{tick:.3g}" for tick in ticks],
    }
