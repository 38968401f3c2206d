"""The dashboard in Streamlit's own test harness, and what its pages draw and write."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from explorer.player.clock import payload
from explorer.visit import session
from explorer.visit.runs import RECORDED
from explorer.visit.state import Visit
from model_core.runs import Run, files

DASHBOARD = Path(__file__).parents[2] / "explorer" / "dashboard.py"
SHIPPED = Run.open(RECORDED / "quick-brown-fox")
FOX = "Quick brown fox jumped over the lazy dog."


def opened(page: str = "", /, **query: str) -> AppTest:
    """A page at its own address, at first the Overview, about the sentence's run."""
    app = AppTest.from_file(str(DASHBOARD), default_timeout=60)
    for name, value in ({"run": "quick-brown-fox"} | query).items():
        app.query_params[name] = value
    return go_to(app, page) if page else succeeded(app.run())


def go_to(app: AppTest, page: str) -> AppTest:
    """AppTest knows pages by file only; ours are functions, named by their hash."""
    app._page_hash = calc_hash(page)
    return succeeded(app.run())


def succeeded(app: AppTest) -> AppTest:
    assert not app.exception
    return app


SHARED = {"run", "step", "text", "token", "tokens", "head", "pair", "from"}


def named(page: str, query: dict[str, str]) -> dict[str, str]:
    """Parameters of an address: those that pages do not share have the page's name in front."""
    return {name if name in SHARED else f"{page}.{name}": text for name, text in query.items()}


def visitor(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The state of somebody who looks at the shipped run, without a browser."""
    state: dict[str, Any] = {"visit": Visit(), "run": "quick-brown-fox", "text": ""}
    monkeypatch.setattr(session.st, "session_state", state)
    return state


def words(app: AppTest) -> list[str]:
    """The sentences in boxes, each short and on one line, without Markdown's backslashes."""
    boxes = [*app.error, *app.warning, *app.info]
    sentences = [re.sub(r"\\(.)", r"\1", box.value) for box in boxes]
    assert all(0 < len(words) <= 200 and words.isprintable() for words in sentences), sentences
    return sentences


def counted_reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file of a run that is opened from now on."""
    read: list[Path] = []
    real = files.open_file

    def counted(path: Path, *rest: Any, **named: Any) -> int:
        read.append(path)
        return real(path, *rest, **named)

    monkeypatch.setattr(files, "open_file", counted)
    return read


def press(app: AppTest, label: str) -> AppTest:
    return succeeded(next(button for button in app.button if button.label == label).click().run())


def drawn(app: AppTest) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Header and arrays of the payload that the page gave its clock."""
    kept = payload(component_data(app)["payload"])
    assert kept is not None
    return decoded(kept)


def panels(app: AppTest) -> dict[str, dict[str, Any]]:
    return {panel["key"]: panel for panel in drawn(app)[0]["panels"]}


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def component_data(app: AppTest) -> dict[str, Any]:
    """What the page gave its clock."""
    nodes = (node.proto for node in app.main if node.type == "bidi_component")
    (found,) = (proto for proto in nodes if proto.component_name == "driftscope_clock")
    return json.loads(found.json)


def decoded(data: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    """A second reader of the format, in Python: header and arrays."""
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    start = 4 + length
    arrays = []
    for entry in header["arrays"]:
        count = int(np.prod(entry["shape"]))
        flat = np.frombuffer(data, entry["dtype"], count, start + entry["offset"])
        arrays.append(flat.reshape(entry["shape"]))
    return header, arrays
