"""A map over time: its arrays, and the bytes that a file of it holds."""

import zlib
from dataclasses import dataclass

import numpy as np
import torch

from model_core.projections.chance import Chance
from model_core.projections.trust import Trust
from model_core.runs.tensors import pack, unpack


@dataclass(frozen=True)
class OverTime:
    """A map of N rows at the K recorded `steps` (K,) that are laid out: `layout` (K, N, D).

    `trust` measures it at each step. `pieces` counts the passes that laid it out: more than one
    when it grew with its run. `chance` is what a map of shuffled rows reaches by the same method,
    None as long as it is not measured.
    """

    steps: np.ndarray
    layout: np.ndarray
    trust: Trust
    pieces: int
    chance: Chance | None = None

    def is_whole(self, steps: np.ndarray) -> bool:
        """Whether nothing of these recorded steps is to be made. Chance changes slowly: it is
        measured again when there are twice as many steps."""
        known = self.chance is not None and len(steps) < 2 * self.chance.count
        return known and len(self.steps) == len(steps)


def as_bytes(vectors: np.ndarray, made: OverTime) -> bytes:
    """A map of vectors (K, N, C), one table a step."""
    arrays = {
        "steps": made.steps,
        "sums": np.array(checksums(vectors)),
        "places": made.layout,
        "pieces": np.array([made.pieces]),
        **vars(made.trust),
    }
    if made.chance is not None:
        arrays |= {f"chance_{name}": np.array(x) for name, x in vars(made.chance).items()}
    return pack({name: torch.as_tensor(np.ascontiguousarray(a)) for name, a in arrays.items()})


def from_bytes(
    data: bytes, steps: np.ndarray, vectors: np.ndarray, dimensions: int
) -> OverTime | None:
    """The map of vectors (S, N, C) at those of steps (S,) that it has; None without any.

    A step counts only if its rows have the checksum of those that were laid out.
    """
    try:
        made, sums = _arrays(data)
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    if not _fits(made, sums, (vectors.shape[1], dimensions)):
        return None
    now = dict(zip(steps.tolist(), checksums(vectors), strict=True))
    same = [now.get(step) == sum_ for step, sum_ in zip(made.steps.tolist(), sums, strict=True)]
    if not any(same):
        return None
    known, chance = made.steps[same], made.chance
    if chance is not None and not np.isin(chance.steps, known).all():
        chance = None  # of other rows
    trust = made.trust.only(np.flatnonzero(same))
    return OverTime(known, made.layout[same], trust, made.pieces, chance)


def _arrays(data: bytes) -> tuple[OverTime, np.ndarray]:
    """What is stored, and the checksums of the rows (K,); whether they fit is still to be seen."""
    arrays = {key: value.numpy() for key, value in unpack(data).items()}
    trust = Trust(*(arrays[name] for name in Trust.__dataclass_fields__))
    pieces = int(arrays["pieces"].item())
    made = OverTime(arrays["steps"], arrays["places"], trust, pieces, _chance(arrays))
    return made, arrays["sums"]


def _fits(made: OverTime, sums: np.ndarray, point: tuple[int, int]) -> bool:
    """Whether steps ascend and all arrays are of them; a step has `point` (N, D) numbers."""
    count, table = (made.steps.size,), (made.steps.size, point[0])
    shapes = [count, count, (*count, *point), count, count, table, table]
    parts = (made.steps, sums, made.layout, *vars(made.trust).values())
    kinds = "".join(part.dtype.kind for part in parts)
    if [part.shape for part in parts] != shapes or kinds != "iifffff":
        return False
    return not (np.diff(made.steps) <= 0).any()


def _chance(arrays: dict[str, np.ndarray]) -> Chance | None:
    """What chance reaches; None of a map stored without it. ValueError when it does not fit."""
    if "chance_steps" not in arrays:
        return None
    steps, mean, spread, count = (arrays[f"chance_{name}"] for name in Chance.__dataclass_fields__)
    if steps.ndim != 1 or steps.shape != mean.shape:
        raise ValueError(f"chance at {steps.shape} steps has {mean.shape} means")
    return Chance(steps, mean, float(spread.item()), int(count.item()))


def checksums(vectors: np.ndarray) -> list[int]:
    """A CRC-32 of each step of vectors (S, N, C)."""
    return [zlib.crc32(np.ascontiguousarray(step).data) for step in vectors]
