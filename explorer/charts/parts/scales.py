"""A scale that is linear around zero and logarithmic far from it, for numbers that explode."""

from typing import Any

import numpy as np

from explorer.charts.parts.arrays import log_ticks

WIDE = 50  # times the typical magnitude: beyond it a linear scale shows nothing but the largest
CLOSE = 0.08  # of the axis: a tick nearer to that of zero would lie on it


def bend_of(values: np.ndarray) -> float | None:
    """Where a scale for these numbers should bend: at their median magnitude.

    None where a linear scale shows them all: when the largest is not WIDE times as large.
    """
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not sizes.size or sizes.max() <= WIDE * (typical := float(np.median(sizes))):
        return None
    return typical


def bent(values: np.ndarray, bend: float | None) -> np.ndarray:
    """Where numbers stand on the scale: asinh(x / bend), or where they are when it has no bend."""
    return values if bend is None else np.arcsinh(values / bend)


def unbent(places: np.ndarray, bend: float | None) -> np.ndarray:
    """The numbers at places of the scale: the inverse of `bent`."""
    return places if bend is None else np.sinh(places) * bend


def edges_between(low: float, high: float, count: int, bend: float | None) -> np.ndarray:
    """Edges (count + 1,) of bins from `low` to `high` that look equally wide on the scale."""
    first, last = bent(np.array([low, high], np.float64), bend)
    return unbent(np.linspace(first, last, count + 1), bend)


def bent_axis(low: float, high: float, bend: float | None) -> dict[str, Any]:
    """Ticks of an axis over the numbers [low, high] that tell the numbers themselves."""
    if bend is None:
        return {"nticks": 6}
    largest = max(abs(low), abs(high))
    sizes = log_ticks(np.log10(bend), np.log10(max(largest, 2 * bend)), at_most=3)
    far = [tick for size in sizes for tick in (-size, size)]
    first, last = bent(np.array([low, high]), bend)
    apart = np.abs(bent(np.array(far), bend)) > CLOSE * (last - first)
    told = np.sort([0.0, *np.array(far)[apart]])
    told = told[(told >= low) & (told <= high)]
    return {
        "tickmode": "array",
        "tickvals": bent(told, bend).tolist(),
        "ticktext": [f"{tick:.3g}" for tick in told],
    }
