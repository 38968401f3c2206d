"""The model's code and its parts as rows with numbers."""

from collections.abc import Mapping, Sequence
from itertools import count

import numpy as np

from explorer.charts.machine import signed_levels
from explorer.charts.parts.labels import capitalized, counted
from explorer.panels import Frame, Item, Listing, Row
from model_core.lines import Assigned, Call, is_mask, is_measured

ROW = 24  # pixels


def code_listing(calls: Sequence[Call], seen: Mapping[str, np.ndarray], frame: Frame) -> Listing:
    """The calls that `follow` found, with what `read_lines` saw at S steps."""
    numbers, rows, names, leads = count(), [], [], []
    for call in calls:
        whose = f"{call.module} · " if call.module else ""
        rows.append(Row(f"{whose}{call.function}", heading=True))
        for at, text in enumerate(call.lines):
            here = [one for one in call.values if one.at == at]
            skipped = at in call.skipped
            items = [Item("", "not run")] if skipped else [_item(one, numbers) for one in here]
            measured = [one for one in here if is_measured(one.value)]
            names += [f"{one.name} in {call.function}" for one in measured]
            leads += [not is_mask(one.value) for one in measured]
            if text.strip():
                rows.append(Row(text, items, faint=skipped))
    spread = seen["std"]
    return Listing(
        frame.at_height(ROW * len(rows)),
        rows,
        ("mean", "std"),
        np.stack([seen["mean"], spread], axis=-1),
        [signed_levels(seen[str(n)]) for n in range(len(names))],
        names,
        "widest: {name}, std {value}",
        1,
        "no std is finite",
        f"{len(rows)} rows of code. {_largest('std', names, spread, leads)}",
    )


def parts_listing(
    names: Sequence[str],
    shapes: Sequence[Sequence[int]],
    counts: Sequence[int],
    seen: Mapping[str, np.ndarray],
    frame: Frame,
) -> Listing:
    """P parts: the shapes they put out, their parameters, and what `read_backward` saw."""
    rows = [
        Row(capitalized(name), [_part(shape_words(shape), count, n)])
        for n, (name, shape, count) in enumerate(zip(names, shapes, counts, strict=True))
    ]
    return Listing(
        frame.at_height(ROW * len(rows)),
        rows,
        ("at output", "at weights"),
        np.stack([seen["outputs"], seen["weights"]], axis=-1),
        [signed_levels(seen[str(n)]) for n in range(len(names))],
        names,
        "largest at {name}: {value}",
        1,
        "no gradient is finite",
        f"{len(names)} parts. {_largest('gradient', names, seen['weights'])}",
        bars=True,
    )


def _part(shape: str, count: int, number: int) -> Item:
    if not count:
        return Item(shape, "", number, lacks=(1,))
    return Item(shape, counted(count, "parameter"), number)


def _largest(
    what: str, names: Sequence[str], values: np.ndarray, leads: Sequence[bool] | bool = True
) -> str:
    """Which of N, of those that lead, has the largest finite of (S, N) at the last step."""
    known = np.where(np.isfinite(values[-1]) & np.array(leads), values[-1], -np.inf)
    at = int(known.argmax())
    if np.isneginf(known[at]):
        return f"At the last step no {what} is finite."
    return f"At the last step the {what} is largest at {names[at]}, {known[at]:.3g}."


def shape_words(sizes: Sequence[int]) -> str:
    """ "7 × 5"."""
    return " × ".join(f"{size:,}" for size in sizes)


def _item(one: Assigned, numbers: "count[int]") -> Item:
    if isinstance(one.value, int):
        return Item(one.name, f"= {one.value:,}")
    number = next(numbers) if is_measured(one.value) else None
    return Item(one.name, shape_words(one.value.shape), number, leads=not is_mask(one.value))
