"""The way of one row of a table through training: how far it came, how long the way, how bent."""

from typing import NamedTuple

import numpy as np


class Way(NamedTuple):
    """Of one row at S recorded steps, (S,) float64 each; moves are those between recorded steps.

    distance: straight from the first vector. length: of all moves so far, one after the other.
    turn: the angle between a move and the one before it in degrees, 0 straight on, 180 back; NaN at
    the first two steps and where one of the two moves is none.
    """

    distance: np.ndarray
    length: np.ndarray
    turn: np.ndarray

    @property
    def mean_cosine(self) -> float:
        """Of all turns: 1 is a straight line, 0 right angles; NaN where there is none."""
        known = self.turn[np.isfinite(self.turn)]
        return float(np.cos(np.radians(known)).mean()) if len(known) else float("nan")

    @property
    def far_at(self) -> int | None:
        """The first step, by index, from which on the row is more than half as far as at last.

        None for a row that did not move, or whose last distance is no number.
        """
        last = self.distance[-1]
        if not (np.isfinite(last) and last > 0):
            return None
        near = np.flatnonzero(~(self.distance > last / 2))
        return int(near[-1]) + 1


def way(vectors: np.ndarray) -> Way:
    """The way of vectors (S, C), computed in float64; NaN or infinite where a number is."""
    points = vectors.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        moves = np.diff(points, axis=0)
        sizes = np.linalg.norm(moves, axis=1)
        products = (moves[1:] * moves[:-1]).sum(1)
        cosines = products / np.where(sizes[1:] * sizes[:-1] > 0, sizes[1:] * sizes[:-1], np.nan)
        turns = np.degrees(np.arccos(cosines.clip(-1, 1)))
        return Way(
            np.linalg.norm(points - points[0], axis=1),
            np.concatenate([[0.0], sizes.cumsum()]),
            np.concatenate([np.full(min(2, len(points)), np.nan), turns]),
        )
