"""What a visitor has chosen as parameters of the address, and back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_IDS = 200  # that one parameter names
_COUNT = re.compile(r"\d{1,9}")


@dataclass(frozen=True)
class Chosen:
    """What clicks have chosen in a run, forgotten with it; None where nothing is."""

    step: int | None = None  # the settled one; without it the latest, which moves as a run grows
    token: int | None = None  # its id
    head: tuple[int, int] = (0, 0)  # (layer, head)
    query: int | None = None  # the position whose row of attention is shown
    key: int | None = None  # the position whose column of attention is shown
    second_query: int | None = None  # as `query`, in the second sentence


def read(parameters: Mapping[str, str]) -> Chosen:
    """What an address has chosen; whatever is malformed is ignored."""
    head = parameters.get("head", "").split(".")
    query, _, key = parameters.get("pair", "").partition(".")
    return Chosen(
        step=count(parameters.get("step")),
        token=count(parameters.get("token")),
        head=(count(head[0]) or 0, count(head[-1]) or 0),
        query=count(query),
        key=count(key),
    )


def write(chosen: Chosen) -> dict[str, str]:
    """The parameters that `read` turns into the same, but for the second sentence's query."""
    pair = [] if chosen.query is None else [chosen.query, chosen.key]
    values = {
        "step": chosen.step,
        "token": chosen.token,
        "head": "{}.{}".format(*chosen.head),
        "pair": ".".join(str(one) for one in pair if one is not None) or None,
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def malformed(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters of what clicks choose that `read` ignores."""
    kept = write(read(parameters))
    names = ("step", "token", "head", "pair")
    return {
        name: parameters[name]
        for name in names
        if name in parameters and kept.get(name) != parameters[name]
    }


def renamed(parameters: Mapping[str, str]) -> dict[str, str]:
    """Parameters by their present names; where an old and a present one disagree, the latter.

    A view that is gone brings the one where its pictures stand now.
    """
    old = {OLD[name]: value for name, value in parameters.items() if name in OLD}
    found = old | {name: value for name, value in parameters.items() if name not in OLD}
    if PART in found:
        found = {LAB: FIRST_LAB} | found
    return found | MOVED.get(found.get(LAB, ""), {})


def encoded(value: Any) -> str:
    """A widget's value as a parameter: ids as "3.5.8"."""
    if isinstance(value, list):
        return ".".join(str(one) for one in value[:MAX_IDS])
    return str(value)


def says(text: str, value: Any) -> bool:
    """Whether a parameter is a widget's value, however it is written."""
    if text == encoded(value):
        return True
    try:
        return not isinstance(value, str | bool | list) and float(text) == float(value)
    except (ValueError, TypeError):
        return False


def ids(text: str) -> list[int]:
    """Ids, ascending, from "3.5.8"; what is not a count is ignored."""
    found = (count(part) for part in text.split(".")[:MAX_IDS])
    return sorted({one for one in found if one is not None})


def lesson(text: str) -> tuple[str, int] | None:
    """Name and slide, from 1, of "<name>.<slide>"; of a name alone its first, None of ""."""
    name, _, slide = text.rpartition(".")
    number = count(slide)
    if name and number:
        return name, number
    return (text, 1) if text else None


def count(text: str | None) -> int | None:
    """A number of at most nine digits; None for anything else."""
    return int(text) if text and _COUNT.fullmatch(text) else None


# Names of parameters before each page had a name space: bookmarks still have them.
_PAGES = {
    "attention": "view measured off instead written temperature second",
    "drift": "table map which axes colour channel trails arrows basis apart smooth seed",
    "normalization": "lab scales part",
}
_WORKED = "epsilon mode passes sample feature inputs x gamma beta"
OLD = {
    **{name: f"{page}.{name}" for page, names in _PAGES.items() for name in names.split()},
    **{f"worked-{name}": f"worked.{name}" for name in _WORKED.split()},
    "worked": "worked.kind",
    "top_k": "attention.topk",
    "seed of writing": "attention.seed",
    "neighbours-tokens": "drift.neighbours.tokens",
    "neighbours-positions": "drift.neighbours.positions",
    "axis-from": "drift.from",
    "axis-to": "drift.to",
    "one norm": "normalization.first",
    "another norm": "normalization.second",
    "pooled like": "normalization.pool.norm",
    "what enters": "normalization.pool.site",
    "cell sentence": "normalization.pool.sentence",
    "cell position": "normalization.pool.position",
    "cell channel": "normalization.pool.channel",
    "compare": "normalization.compare.with",
    "lengths": "normalization.compare.lengths",
    "variants This run's settings": "normalization.compare.own",
    "variants deep": "normalization.compare.deep",
    "variants small-batch": "normalization.compare.small-batch",
    "variants large-batch": "normalization.compare.large-batch",
    "leak": "normalization.leak.change",
    "sentences": "normalization.leak.sentences",
    "leak norm": "normalization.leak.norm",
    "leak token": "normalization.leak.token",
    "leak becomes": "normalization.leak.becomes",
    "shift layer": "normalization.shift.layer",
    "shift since": "normalization.shift.since",
    "shift channels": "normalization.shift.channels",
    "shift channel": "normalization.shift.channel",
    "shift beside": "normalization.shift.beside",
    "descent": "scaling.step",
    "descent rate": "scaling.rate",
    "descent share": "scaling.share",
    "tuition unit": "scaling.unit",
    "descent axes": "scaling.axes",
}

# Views of Normalization before it had three acts, and where each of them stands now.
LAB, PART, FIRST_LAB = "normalization.lab", "normalization.part", "Layer by layer"
MOVED = {
    FIRST_LAB: {LAB: "For engineers"},
    "Over which numbers": {LAB: "What it does"},
    "Side by side": {LAB: "Without it"},
    "The leak": {LAB: "Why not batch norm"},
    "Worked examples": {LAB: "What it does", "normalization.numbers": "your own"},
    "Scaling inputs": {LAB: "Background", "normalization.background": "Scaling inputs"},
    "Covariate shift": {LAB: "Background", "normalization.background": "Covariate shift"},
}
