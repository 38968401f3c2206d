"""Refuses panels and timelines that cannot be drawn, naming what does not fit."""

import re
from collections.abc import Sequence

import numpy as np

from explorer.panels import (
    NO_ROLE,
    AnyPanel,
    Frame,
    Letters,
    Listing,
    Machine,
    Mosaic,
    Panel,
    Roles,
    Text,
    Words,
    Writings,
)
from explorer.timeline import Timeline

PATH = re.compile(r"(layout|\d{1,4})((?:\.[A-Za-z][A-Za-z0-9_]*(?:\[\d{1,4}\])*)+)")
# The browser writes along a path; these names would lead out of the figure.
FORBIDDEN = {"constructor", "prototype"}


def check_timeline(timeline: Timeline) -> None:
    """Raises ValueError unless all arrays are equally long, steps ascend and trust is a share."""
    steps = np.asarray(timeline.steps)
    if steps.ndim != 1 or len(steps) == 0:
        raise ValueError(f"a timeline needs at least one recorded step, got shape {steps.shape}")
    if (np.diff(steps) <= 0).any():
        raise ValueError("recorded steps must ascend without repetition")
    for name in ("epochs", "losses", "trust"):
        values = getattr(timeline, name)
        if values is not None and np.shape(values) != steps.shape:
            raise ValueError(f"{name} {np.shape(values)} do not fit {len(steps)} recorded steps")
    if timeline.trust is not None:
        check_trust(np.asarray(timeline.trust, np.float64))


def check_trust(trust: np.ndarray) -> None:
    """Raises ValueError when a known value of trust (S,) is outside [0, 1]."""
    outside = trust[~np.isnan(trust) & ~((trust >= 0) & (trust <= 1))]
    if len(outside):
        raise ValueError(f"trust must be in [0, 1] or NaN for unknown, got {outside[0]:g}")


def check_keys(panels: Sequence[AnyPanel]) -> None:
    """Raises ValueError when two panels have the same key: a report names a panel by it."""
    keys = [panel.frame.key for panel in panels]
    doubles = sorted({key for key in keys if keys.count(key) > 1})
    if doubles:
        raise ValueError(f"panel keys must differ, got {doubles[0]!r} twice")


def check_frame(frame: Frame, steps: int) -> None:
    """Raises ValueError unless span, height and notes are as they must be."""
    if not 1 <= frame.span <= 12:
        raise ValueError(f"panel {frame.key!r}: span must be in [1, 12], got {frame.span}")
    if frame.height <= 0:
        raise ValueError(f"panel {frame.key!r}: height must be above 0, got {frame.height}")
    if len(frame.notes) not in (0, steps):
        raise ValueError(f"panel {frame.key!r}: {len(frame.notes)} notes for {steps} steps")


def check_moving(panel: Panel, path: str, array: np.ndarray, steps: int) -> np.ndarray:
    """The array; ValueError unless it can change with the step along this path."""
    where = _checked_path(panel, path)
    if array.dtype not in (np.float32, np.uint8):
        raise ValueError(f"{where}: must be float32 or uint8, got {array.dtype}")
    if not 1 <= array.ndim <= 3 or len(array) != steps:
        raise ValueError(f"{where}: shape {array.shape} does not fit {steps} recorded steps")
    return array


def check_ways(panel: Panel, path: str, array: np.ndarray, steps: int) -> np.ndarray:
    """The array; ValueError unless it is a float32 way of each row over the steps."""
    where = _checked_path(panel, path)
    if array.dtype != np.float32 or array.ndim != 2 or array.shape[1] != steps:
        raise ValueError(
            f"{where}: ways must be float32 (rows, {steps}), got {array.dtype} {array.shape}"
        )
    return array


def _checked_path(panel: Panel, path: str) -> str:
    """Where it is, in words; ValueError unless the figure has such a place."""
    where = f"panel {panel.frame.key!r}, {path!r}"
    match = PATH.fullmatch(path)
    if match is None or FORBIDDEN & set(re.split(r"[.\[\]]", path)):
        raise ValueError(f"{where}: write '<trace>.<attribute>' or 'layout.<attribute>'")
    if match[1] != "layout" and int(match[1]) >= len(panel.figure.data):
        raise ValueError(f"{where}: the figure has {len(panel.figure.data)} traces")
    return where


def check_mosaic(panel: Mosaic, steps: int) -> None:
    """Raises ValueError unless weights are (S, L, H, T(T+1)/2) uint8 and `selected` is one head."""
    where, weights = f"panel {panel.frame.key!r}", panel.weights
    if weights.dtype != np.uint8:
        raise ValueError(f"{where}: weights must be uint8, got {weights.dtype}")
    shape, packed = weights.shape, panel.size * (panel.size + 1) // 2
    if weights.ndim != 4 or shape[0] != steps or shape[3] != packed or 0 in shape:
        raise ValueError(
            f"{where}: weights {shape} of {panel.size} queries must be "
            f"({steps}, layers, heads, {packed})"
        )
    layer, head = panel.selected
    if not (0 <= layer < shape[1] and 0 <= head < shape[2]):
        raise ValueError(f"{where}: no head {panel.selected} in {shape[1:3]}")
    if panel.roles is not None:
        check_roles(panel.roles, shape[:3], where)


def check_roles(roles: Roles, heads: tuple[int, ...], where: str) -> None:
    """Raises ValueError unless roles are (S, L, H) uint8, each 255 or the number of a name."""
    found = roles.numbers
    if found.dtype != np.uint8 or found.shape != heads:
        raise ValueError(f"{where}: roles must be uint8 {heads}, got {found.dtype} {found.shape}")
    nameless = found[(found != NO_ROLE) & (found >= len(roles.names))]
    if nameless.size:
        raise ValueError(f"{where}: role {nameless[0]} has none of {len(roles.names)} names")


def check_text(panel: Text, steps: int) -> None:
    """Raises ValueError unless weights are (S or 1, T, T) float32 and all positions in the text.

    Without weights each label needs something beneath it.
    """
    where, weights, time = f"panel {panel.frame.key!r}", panel.weights, len(panel.labels)
    if weights is None:
        if len(panel.beneath) != time or not time:
            raise ValueError(f"{where}: {len(panel.beneath)} numbers beneath {time} labels")
    elif weights.dtype != np.float32:
        raise ValueError(f"{where}: weights must be float32, got {weights.dtype}")
    elif time == 0 or weights.shape not in ((steps, time, time), (1, time, time)):
        raise ValueError(
            f"{where}: weights {weights.shape} must be ({steps} or 1, {time}, {time}), "
            "with at least one label"
        )
    for position in (panel.query, *panel.written):
        if not 0 <= position < time:
            raise ValueError(f"{where}: no position {position} in {time} labels")


def check_machine(panel: Machine, steps: int) -> None:
    """Raises ValueError unless every array fits the steps, the sentence and the others."""
    where, time, layers = f"panel {panel.frame.key!r}", len(panel.labels), panel.weights.shape[1:3]
    depths, likeliest = layers[0] + 1, panel.chances.shape[-1:]
    shapes = {
        "rows": (np.uint8, (steps, time, *panel.rows.shape[2:])),
        "weights": (np.uint8, (steps, *layers, time * (time + 1) // 2)),
        "sizes": (np.float32, (steps, depths, time)),
        "next": (np.float32, (steps, time, *likeliest)),
        "chances": (np.float32, (steps, time, *likeliest)),
        "true": (np.float32, (steps, time)),
    }
    for name, (kind, shape) in shapes.items():
        array = getattr(panel, name)
        if array.dtype != kind or array.shape != shape:
            raise ValueError(
                f"{where}: {name} must be {np.dtype(kind)} {shape}, got {array.dtype} {array.shape}"
            )
    if panel.position not in range(time) or {len(panel.following), len(panel.picks.ids)} != {time}:
        raise ValueError(f"{where}: position, ids and what follows must fit {time} labels")
    if len(panel.parameters) != depths + 1:
        raise ValueError(f"{where}: {len(panel.parameters)} counts do not fit {depths + 1} parts")
    named = np.append(panel.next, panel.following)
    if named.min() < -1 or named.max() >= len(panel.names):
        raise ValueError(f"{where}: a token has none of {len(panel.names)} names")
    if panel.roles is not None:
        check_roles(panel.roles, (steps, *layers), where)


def check_letters(panel: Letters, steps: int) -> None:
    """Raises ValueError unless every token has a point, a colour and an id."""
    where, count, points = f"panel {panel.frame.key!r}", len(panel.labels), panel.points
    if points.dtype != np.float32 or points.shape != (steps, count, 2) or not count:
        raise ValueError(
            f"{where}: points must be float32 ({steps}, {count}, 2) with at least one label, "
            f"got {points.dtype} {points.shape}"
        )
    if {len(panel.colours), len(panel.picks.ids)} != {count}:
        raise ValueError(f"{where}: colours and ids must fit {count} labels")
    if panel.chosen is not None and not 0 <= panel.chosen < count:
        raise ValueError(f"{where}: no token {panel.chosen} among {count}")


def check_listing(panel: Listing, steps: int) -> None:
    """Raises ValueError unless every item that has a number has a picture and a name."""
    where, shape = f"panel {panel.frame.key!r}", panel.numbers.shape
    wanted = (steps, len(panel.names), len(panel.headings))
    if panel.numbers.dtype != np.float32 or shape != wanted or not 0 <= panel.lead < wanted[2]:
        raise ValueError(
            f"{where}: numbers must be float32 {wanted}, one column the lead, "
            f"got {panel.numbers.dtype} {shape}"
        )
    if [len(picture) for picture in panel.pictures] != [steps] * wanted[1]:
        raise ValueError(f"{where}: {len(panel.pictures)} pictures must fit {wanted}")
    if panel.picks is not None and len(panel.picks.parts) != wanted[1]:
        raise ValueError(f"{where}: {len(panel.picks.parts)} parts to open must fit {wanted}")
    if any(picture.dtype != np.uint8 or picture.ndim != 3 for picture in panel.pictures):
        raise ValueError(f"{where}: a picture must be uint8 (steps, rows, columns)")
    numbered = [item.number for row in panel.rows for item in row.items if item.number is not None]
    if sorted(numbered) != list(range(wanted[1])):
        raise ValueError(f"{where}: {len(numbered)} numbered items do not fit {wanted[1]} names")


def check_words(panel: Words | Writings, recorded: int) -> None:
    """Raises ValueError unless there is a text for every recorded step."""
    beside = panel.faint if isinstance(panel, Words) else panel.steps
    if len(panel.texts) != recorded or len(beside) not in (0, recorded):
        raise ValueError(
            f"panel {panel.frame.key!r}: {len(panel.texts)} texts for {recorded} recorded steps"
        )
