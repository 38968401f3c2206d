"""Numbers prepared for charts: float32, gaps, ranges over the finite ones."""

import math
from collections.abc import Sequence

import numpy as np

LARGEST = float(np.finfo(np.float32).max)


def gaps(values: np.ndarray, name: str, shape: Sequence[int | str]) -> np.ndarray:
    """`values` as float32 with NaN for whatever is not finite, of `shape`.

    A number in `shape` is the size asked for, a letter names a dimension of any size above zero.
    Raises ValueError when the array does not fit.
    """
    array = np.asarray(values)
    fits = array.ndim == len(shape) and all(
        size > 0 and (isinstance(wanted, str) or size == wanted)
        for size, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join(str(size) for size in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {array.shape}")
    with np.errstate(over="ignore"):  # beyond float32 is infinite, hence a gap like infinity
        array = array.astype(np.float32)
    return np.where(np.isfinite(array), array, np.float32(np.nan))


def extent(values: np.ndarray) -> tuple[float, float]:
    """Smallest and largest finite number; (0, 1) when there is none."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    return float(finite.min()), float(finite.max())


def bound(values: np.ndarray) -> float:
    """The largest finite magnitude, the end of a scale centred on zero; 1 where it would be 0."""
    return extent(np.abs(values))[1] or 1.0


def padded(low: float, high: float, share: float = 0.05) -> tuple[float, float]:
    """A range a little wider than [low, high], never empty, and still float32."""
    margin = share * (high - low) or 0.5 * max(abs(low), 1.0)
    return max(low - margin, -LARGEST), min(high + margin, LARGEST)


def each_step(values: np.ndarray) -> np.ndarray:
    """(S, ...) -> (S, 2) float32: the padded extent of each recorded step alone."""
    return np.array([padded(*extent(slice_)) for slice_ in values], np.float32)


def log_ticks(low: float, high: float, at_most: int = 7) -> list[float]:
    """1, 2 and 5 times powers of ten in [10**low, 10**high]; fewer of them in a wide range."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [d * 10.0**p for p in powers for d in digits if low <= math.log10(d) + p <= high]
        if len(ticks) <= at_most:
            return ticks if len(ticks) >= 2 else [10.0**low, 10.0**high]
    return ticks[:: -(-len(ticks) // at_most)]


def extremes(values: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The indices of the smallest and the largest finite number; None when there is none."""
    if not np.isfinite(values).any():
        return None
    low, high = (
        tuple(int(at) for at in np.unravel_index(find(values), values.shape))
        for find in (np.nanargmin, np.nanargmax)
    )
    return low, high
