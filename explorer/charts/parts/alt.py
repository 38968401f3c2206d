"""Alt texts: what charts say of their numbers for readers who cannot see them."""

from collections.abc import Callable

import numpy as np

from explorer.charts.parts.arrays import extremes


def between(values: np.ndarray, form: str, name: Callable[..., str] = str) -> str:
    """What `form` says of the smallest and the largest of `values`, "" where none is finite.

    In it `{lowest:.4g}` and `{highest:.4g}` are these two values, `{low}` and `{high}` the `name`s
    of their indices.
    """
    ends = extremes(values)
    if ends is None:
        return ""
    low, high = ends
    return form.format(low=name(*low), lowest=values[low], high=name(*high), highest=values[high])


def missing(values: np.ndarray, what: str = "values") -> str:
    """How many values are not finite, "" when none."""
    count = int((~np.isfinite(values)).sum())
    return f" {count:,} {what} are not finite." if count else ""
