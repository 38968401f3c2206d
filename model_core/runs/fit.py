"""Whether what a snapshot stores is what its run's configuration says."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from model_core.anatomy import anatomy_of, shapes_of, short
from model_core.config import ModelConfig
from model_core.runs.snapshots import GRADIENT, UPDATE, content, is_snapshot
from model_core.runs.tensors import Stored

NAMED = 5  # tensors at most that a sentence names
ROOM = 120  # characters at most for them


class Judged(NamedTuple):
    """A snapshot's step, how it differs from the configuration (None: damaged), lost weights."""

    step: int
    wrong: str | None
    lost: int


def judged(folder: Path, config: ModelConfig) -> list[Judged]:
    """Every snapshot of a run, in the order of their steps."""
    words: dict[int, str] = {}  # one object stands for all that store the same
    found = []
    for path in folder.glob("snapshots/*"):
        if not is_snapshot(path):
            continue
        held = content(path)
        if held is not None and id(held.stored) not in words:
            words[id(held.stored)] = misfit(held.stored, config)
        wrong, lost = (None, 0) if held is None else (words[id(held.stored)], held.lost)
        found.append(Judged(int(path.stem), wrong, lost))
    return sorted(found)


@lru_cache(maxsize=256)
def misfit(stored: Sequence[Stored], config: ModelConfig) -> str:
    """What differs from a model of this configuration, in words; "" where nothing does.

    A snapshot has all of the model's parts, and may have gradients and updates of its tables.
    """
    model = shapes_of(config)
    tables = {table: model[table] for table in anatomy_of(config).tables}
    more = {kind + name: size for kind in (GRADIENT, UPDATE) for name, size in tables.items()}
    found = {one.name: one for one in stored}
    wrong = [f"{short(name)} is missing" for name in model if name not in found]
    wrong += [f"{name[:30]!r} is unknown" for name in found if name not in {**model, **more}]
    for name, shape in {**model, **more}.items():
        there, expected = found.get(name), (_type(shape), shape)
        if there and (there.dtype, there.shape) != expected:
            is_, must = _sizes((there.dtype, there.shape), expected)
            wrong.append(f"{short(name)} is {is_}, not {must}")
    return _listing(wrong)


def summary(unfit: Mapping[int, str]) -> str:
    """Which steps' snapshots do not fit, and how the first does not; "" without any."""
    if not unfit:
        return ""
    step, words = next(iter(unfit.items()))
    many = f"{len(unfit):,} snapshots from step {step:,} do"
    which = many if len(unfit) > 1 else f"the snapshot of step {step:,} does"
    return f"{which} not fit run.json: {words}"


def _type(shape: tuple[int, ...]) -> str:
    return "float32" if shape else "int64"


def _sizes(
    found: tuple[str, tuple[int, ...]], expected: tuple[str, tuple[int, ...]]
) -> tuple[str, str]:
    """Both in words: sizes, or types where those differ."""
    if found[0] != expected[0]:
        return found[0], expected[0]
    words = ["×".join(map(str, one[1])) or "one number" for one in (found, expected)]
    return words[0][:30], words[1]


def _listing(wrong: Sequence[str]) -> str:
    """As many as fit, at least one and at most NAMED, and how many more."""
    ends = accumulate(len(one) + 2 for one in wrong[:NAMED])
    count = max(1, sum(end <= ROOM for end in ends))
    more = f" and {len(wrong) - count:,} more" if len(wrong) > count else ""
    return "; ".join(wrong[:count]) + more
