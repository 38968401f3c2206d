"""What every page shows, as digests: proof that a change of the code changes nothing on screen.

    python -m tests.support.digests record BEFORE.json
    python -m tests.support.digests record AFTER.json
    python -m tests.support.digests compare BEFORE.json AFTER.json

Each page and view is opened for the shipped run and for one made here, at three steps, and for
addresses that choose something. Recorded are what the step clock is sent (arrays and figures by
their digests), the text and the widgets of the page, and the address it publishes.
"""

import hashlib
import json
import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from explorer.player.clock import payload
from explorer.visit.runs import RECORDED
from model_core.runs import Run
from model_core.training.loop import train
from model_core.training.presets import create_from_preset
from model_core.training.turns import only_trainer
from tests.support.pages import component_data, decoded, opened

SHIPPED, MADE = "quick-brown-fox", "induction"
ATTENTION = ("All heads", "One weight", "Roles", "Next token", "Two sentences")
PARTS = ("Whole model", "Distribution", "Gain and shift", "Units", "One token", "Two norms")
LABS = ("What it does", "Without it", "Why not batch norm", "For engineers", "Background")
VIEWS: dict[str, list[dict[str, str]]] = {
    "overview": [{}],
    "train": [{}],
    "tables": [
        {},
        {"tables.view": "Random at first?"},
        {"tables.view": "Random at first?", "tables.random": "Position table"},
        {"tables.view": "What if", "tables.whatif": "Two tokens swapped"},
        {"tables.view": "Similarity"},
        {"tables.view": "Similarity", "tables.similar": "Positions"},
    ],
    "drift": [
        {"drift.map": "PCA"},
        {"drift.map": "PCA", "drift.table": "positions"},
        {"drift.map": "PCA", "drift.axes": "3-D", "drift.colour": "frequency"},
        {"drift.map": "Axis between two sets"},
    ],
    "attention": [{"attention.view": view} for view in ATTENTION],
    "normalization": [{"normalization.lab": lab} for lab in LABS]
    + [{"normalization.lab": "For engineers", "normalization.part": part} for part in PARTS]
    + [{"normalization.numbers": "your own"}]
    + [{"normalization.lab": "Background", "normalization.background": "Covariate shift"}],
}
CHOSEN: list[tuple[str, dict[str, str]]] = [
    ("tables", {"token": "7", "tokens": "1.2.3", "pair": "4"}),
    ("drift", {"drift.map": "PCA", "token": "5", "tokens": "2.3", "drift.colour": "a channel"}),
    ("attention", {"attention.view": "One weight", "head": "1.1", "pair": "5.3", "token": "4"}),
    ("attention", {"attention.view": "Next token", "attention.temperature": "0.5"}),
    ("attention", {"attention.view": "Two sentences", "text": "the fox"}),
    ("attention", {"text": "the lazy dog " * 5, "from": "24"}),
    ("attention", {"text": "qqq é"}),
    (
        "normalization",
        {"normalization.lab": "Why not batch norm", "normalization.leak.sentences": "4"},
    ),
    ("normalization", {"normalization.numbers": "your own", "worked.epsilon": "0.1"}),
]


def record(file: Path) -> None:
    """Write the digests of all pages to `file`."""
    logging.disable(logging.CRITICAL)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DRIFTSCOPE_RUNS"] = folder
        made = Path(folder) / MADE
        create_from_preset(made, MADE, {"steps": 60, "snapshots": 12})
        with only_trainer(made):
            train(made)
        pages = {f"{page} {query}": seen(page, **query) for page, query in addresses(made)}
    file.write_text(json.dumps(pages, indent=1, ensure_ascii=False, sort_keys=True))


def addresses(made: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Pages, with the parameters to open each with."""
    for run in (RECORDED / SHIPPED, made):
        steps = Run.open(run).steps
        for step in (steps[0], steps[len(steps) // 2], steps[-1]):
            for page, views in VIEWS.items():
                for view in views:
                    yield page, {"run": run.name, "step": str(step)} | view
    yield from CHOSEN


def seen(page: str, **address: str) -> dict[str, Any]:
    """One page: what its clock is sent, its text and widgets, and its address."""
    app = opened(page if page != "overview" else "", **address)
    data = component_data(app)
    kept = payload(data.pop("payload"))
    assert kept is not None
    header, arrays = decoded(kept)
    clock = {
        "timeline": _numbers(header["timeline"], arrays),
        **{panel["key"]: _numbers(panel, arrays) for panel in header["panels"]},
    }
    text = list(_texts(app.main))
    return {"clock": clock, "sent": data, "text": text, "address": dict(app.query_params)}


def _numbers(entry: dict[str, Any], arrays: list[Any]) -> dict[str, Any]:
    """An entry of the payload's header with digests in place of arrays and long texts."""
    named = {"steps", "epochs", "losses", "trust", "array", "roles"}
    found: dict[str, Any] = {}
    for name, value in entry.items():
        if name in named and isinstance(value, int):
            found[name] = _digest(arrays[value].tobytes(), arrays[value].shape)
        elif name == "moving":
            found |= {one["path"]: _digest(arrays[one["array"]].tobytes()) for one in value}
        elif name in ("figure", "texts"):
            found[name] = _digest(json.dumps(value).encode())
        else:
            found[name] = value
    return found


def _digest(data: bytes, shape: tuple[int, ...] = ()) -> str:
    return hashlib.sha256(data + str(shape).encode()).hexdigest()[:12]


def _texts(block: Any) -> Iterator[str]:
    """The text of every element, with label, value and options where it is a widget."""
    for node in block.children.values():
        if hasattr(node, "children"):
            yield f"{node.type}: {getattr(node, 'label', '')}"
            yield from _texts(node)
        elif node.type != "bidi_component":
            yield f"{node.type}: {_text(node)}"


def _text(node: Any) -> str:
    parts = []
    for name in ("label", "value", "options", "placeholder", "help"):
        value: Any = getattr(node, name, None)
        if hasattr(value, "to_csv"):
            parts.append(_digest(value.to_csv().encode()))
        elif value is not None:
            parts.append(f"{name}={value}")
    return " ".join(parts) or str(getattr(node.proto, "label", ""))


def compare(before: Path, after: Path) -> int:
    """Print what differs, the most frequent first; the number of pages that do."""
    old, new = (json.loads(file.read_text()) for file in (before, after))
    differences: Counter[str] = Counter()
    for address in old.keys() | new.keys():
        differences.update(_differences(old.get(address), new.get(address)))
    for difference, count in differences.most_common(60):
        print(f"{count} x {difference}")
    pages = sum(old.get(address) != new.get(address) for address in old.keys() | new.keys())
    print(f"{pages} of {len(new)} pages differ")
    return pages


def _differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(name), new.get(name), f"{path}/{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, other, f"{path}[{at}]")
    elif old != new:
        yield f"{path}\n  - {str(old)[:200]}\n  + {str(new)[:200]}"


if __name__ == "__main__":
    match sys.argv[1:]:
        case "record", file:
            record(Path(file))
        case "compare", before, after:
            sys.exit(bool(compare(Path(before), Path(after))))
        case _:
            sys.exit(__doc__)
