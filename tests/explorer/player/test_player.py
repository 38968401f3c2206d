"""What the step clock sends to browsers, keeps for them, and believes of what they say."""

import asyncio
import json
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import config
from streamlit.testing.v1 import AppTest

from explorer.panels import (
    AnyPanel,
    Frame,
    Item,
    Letters,
    Listing,
    Machine,
    Mosaic,
    Panel,
    Roles,
    Row,
    Text,
    Words,
)
from explorer.picks import Cells, Heads, Opens, Pairs, Picks, Positions, Tokens
from explorer.player import clock, reports
from explorer.player.arrays import Arrays
from explorer.player.assets import FILES, STYLES, WEB, player_files, player_version
from explorer.player.bundle import bundle
from explorer.player.encoding import encode
from explorer.player.reports import Cell, Head, Pair, Part, Pick, Position, Selection, Token
from explorer.player.store import PayloadStore
from explorer.server.first import _file, is_offered, picture
from explorer.server.routes import ROUTES, BelowBase, Leaving
from explorer.server.security import Headers, content_security_policy
from explorer.server.warming import own_modules
from explorer.timeline import Tick, Timeline
from tests.support.pages import component_data, decoded

STEPS = np.array([0, 1, 5])
ROLES = np.full((3, 2, 4), 1, np.uint8)
W = np.zeros((3, 2, 2), np.float32)
X = np.arange(6, dtype=np.float32).reshape(3, 2)


def timeline(**change: Any) -> Timeline:
    values = {"steps": STEPS, "epochs": STEPS / 10, "losses": np.array([3.0, np.nan, 1.0])}
    return Timeline(**(values | change))


def panel(
    key: str = "map", span: int = 6, height: int = 360, notes: Sequence[str] = (), **change: Any
) -> Panel:
    values = {"figure": go.Figure(go.Scatter(x=[0, 1], y=[0, 1])), "moving": {"0.x": X}}
    return Panel(Frame(key, "Map", span, height, notes=notes), **(values | change))


def mosaic(**change: Any) -> Mosaic:
    values: dict[str, Any] = {"weights": np.zeros((3, 2, 4, 15), np.uint8), "size": 5}
    return Mosaic(Frame("heads", "Heads", height=480), **(values | change))


def text(**change: Any) -> Text:
    values: dict[str, Any] = {
        "labels": ["a", "b"],
        "weights": np.zeros((3, 2, 2), np.float32),
        "says": "{key}",
        "query": 1,
    }
    return Text(Frame("text", "Text", height=128), **(values | change))


def words(texts: list[str], **change: Any) -> Words:
    return Words(Frame("words", "Text", height=120), texts, **change)


def machine(**change: Any) -> Machine:
    """Two tokens, one layer of two heads, three channels, the likeliest one of two names."""
    values: dict[str, Any] = {
        "labels": ["a", "b"],
        "rows": np.zeros((3, 2, 3), np.uint8),
        "weights": np.zeros((3, 1, 2, 3), np.uint8),
        "sizes": np.ones((3, 2, 2), np.float32),
        "bounds": (1, 1),
        "next": np.ones((3, 2, 1), np.float32),
        "chances": np.ones((3, 2, 1), np.float32),
        "true": np.ones((3, 2), np.float32),
        "names": ["a", "b"],
        "following": [1, -1],
        "position": 1,
        "picks": Tokens((7, 40)),
        "vocabulary": 50,
        "parameters": [3, 2, 1],
    }
    return Machine(Frame("machine", "Model", height=300), **(values | change))


def listing(**change: Any) -> Listing:
    """Two lines of code, one of which has two numbers."""
    values: dict[str, Any] = {
        "rows": [Row("f", heading=True), Row("x = 1", [Item("x", "1 × 2", 0)]), Row("y", ())],
        "headings": ("mean", "std"),
        "numbers": np.zeros((3, 1, 2), np.float32),
        "pictures": [np.zeros((3, 1, 2), np.uint8)],
        "names": ["x in f"],
        "says": "{name} {value}",
        "lead": 1,
    }
    return Listing(Frame("code", "Code", height=300), **(values | change))


def letters(**change: Any) -> Letters:
    values: dict[str, Any] = {
        "labels": ["a", "b"],
        "points": np.zeros((3, 2, 2), np.float32),
        "colours": ["#000000"] * 2,
        "picks": Tokens((7, 40)),
    }
    return Letters(Frame("letters", "Map", height=300), **(values | change))


# ---- the payload ------------------------------------------------------------------------------


def test_what_is_encoded_is_read_back_equal() -> None:
    header, arrays = decoded(encode([panel(), mosaic()], timeline()))
    moving = header["panels"][0]["moving"][0]
    assert moving["path"] == "0.x"
    np.testing.assert_array_equal(arrays[moving["array"]], X)
    np.testing.assert_array_equal(arrays[header["timeline"]["steps"]], STEPS)
    np.testing.assert_array_equal(arrays[header["timeline"]["losses"]], [3, np.nan, 1])
    assert arrays[header["panels"][1]["array"]].shape == (3, 2, 4, 15)


def test_every_array_starts_at_a_multiple_of_eight_bytes() -> None:
    odd = np.zeros((3, 7), np.uint8)
    data = encode([panel("a", moving={"0.x": odd}), panel("b")], timeline())
    start = 4 + int.from_bytes(data[:4], "little")
    header, _ = decoded(data)
    assert {(start + entry["offset"]) % 8 for entry in header["arrays"]} == {0}


def test_equal_panels_give_equal_bytes_and_a_changed_value_does_not() -> None:
    assert encode([panel()], timeline()) == encode([panel()], timeline())
    assert encode([panel()], timeline()) != encode([panel(moving={"0.x": X + 1})], timeline())


def test_a_sliced_array_is_sent_as_it_reads() -> None:
    wide = np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2]
    _, arrays = decoded(encode([panel(moving={"0.x": wide})], timeline()))
    np.testing.assert_array_equal(arrays[-1], wide)


def test_an_array_that_two_panels_draw_is_sent_once() -> None:
    header, arrays = decoded(encode([panel("a"), panel("b"), panel("c", moving={"0.x": X + 1})],
                                    timeline()))  # fmt: skip
    one, two, other = (entry["moving"][0]["array"] for entry in header["panels"])
    assert one == two != other
    np.testing.assert_array_equal(arrays[one], X)
    np.testing.assert_array_equal(arrays[other], X + 1)


def test_equal_numbers_of_arrays_that_are_gone_are_not_taken_for_one_another() -> None:
    arrays = Arrays()
    numbers = [arrays.add(np.full((3, 2), n, np.float32)) for n in range(20)]
    assert numbers == list(range(20))
    assert [chunk[:4] for chunk in arrays.chunks] == [np.float32(n).tobytes() for n in range(20)]


def test_panels_alone_have_one_step_and_the_timeline_all() -> None:
    first = np.array([[1, 2]], np.float32)
    header, arrays = decoded(encode([panel(moving={"0.x": first})], timeline(), alone=True))
    assert header["alone"] is True
    assert arrays[header["panels"][0]["moving"][0]["array"]].tolist() == [[1, 2]]
    assert len(arrays[header["timeline"]["steps"]]) > 1
    with pytest.raises(ValueError, match="does not fit 1 recorded steps"):
        encode([panel()], timeline(), alone=True)


def test_letters_have_all_steps_when_other_panels_are_alone() -> None:
    header, arrays = decoded(encode([letters()], timeline(), alone=True))
    assert arrays[header["panels"][0]["array"]].shape == (3, 2, 2)


@pytest.mark.parametrize("steps", [3, 1])
def test_a_text_is_sent_with_its_words_and_weights(steps: int) -> None:
    weights = np.random.default_rng(0).random((steps, 2, 2), np.float32)
    weights[0, 0, 1] = np.nan
    labels = ["<b>", "\u202e{weight}"]
    header, arrays = decoded(
        encode([text(weights=weights, labels=labels, written=(1,))], timeline())
    )
    (sent,) = header["panels"]
    assert (sent["kind"], sent["labels"], sent["query"], sent["written"]) == (
        "text",
        labels,
        1,
        [1],
    )
    np.testing.assert_array_equal(arrays[sent["array"]], weights)


def test_roles_are_sent_with_their_names_or_not_at_all() -> None:
    roles = np.array([[[0, 1, 255, 255]] * 2] * 3, np.uint8)
    named = mosaic(roles=Roles(roles, ["sink", "induction"]))
    header, arrays = decoded(encode([named], timeline()))
    assert header["panels"][0]["role_names"] == ["sink", "induction"]
    np.testing.assert_array_equal(arrays[header["panels"][0]["roles"]], roles)
    assert decoded(encode([mosaic()], timeline()))[0]["panels"][0]["roles"] is None


def test_the_theme_decides_the_look_so_the_template_stays_behind() -> None:
    header, _ = decoded(encode([panel()], timeline()))
    assert "template" not in json.loads(header["panels"][0]["figure"])["layout"]


@pytest.mark.parametrize("text", ["</script><img src=x>", "a<br>b", "\ud800", "\u2028", "=1+1"])
def test_words_keep_every_character(text: str) -> None:
    header, _ = decoded(encode([words([text] * 3)], timeline()))
    assert header["panels"][0]["texts"] == [text] * 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: encode([], timeline(steps=np.array([]))), "at least one recorded step"),
        (lambda: encode([], timeline(steps=np.array([0, 5, 5]))), "must ascend"),
        (lambda: encode([], timeline(epochs=np.zeros(2))), r"epochs \(2,\) do not fit 3"),
        (lambda: encode([], timeline(trust=np.zeros(2))), r"trust \(2,\) do not fit 3"),
        (lambda: encode([], timeline(trust=np.array([0, 1.2, 1]))), r"\[0, 1\].*, got 1.2"),
        (lambda: encode([], timeline(trust=np.array([0, np.inf, 1]))), r"\[0, 1\].*, got inf"),
        (lambda: encode([panel("a"), panel("a")], timeline()), "keys must differ, got 'a'"),
        (lambda: encode([panel(span=13)], timeline()), r"span must be in \[1, 12\], got 13"),
        (lambda: encode([panel(height=0)], timeline()), "height must be above 0, got 0"),
        (lambda: encode([panel(notes=["one"])], timeline()), "1 notes for 3 steps"),
        (lambda: encode([panel(moving={"x": X})], timeline()), "write '<trace>"),
        (lambda: encode([panel(moving={"0.__proto__.x": X})], timeline()), "write '<trace>"),
        (lambda: encode([panel(moving={"0.constructor": X})], timeline()), "write '<trace>"),
        (lambda: encode([panel(moving={"1.x": X})], timeline()), "the figure has 1 traces"),
        (lambda: encode([panel(moving={"0.x": X.astype(float)})], timeline()), "got float64"),
        (lambda: encode([panel(moving={"0.x": X[:2]})], timeline()), r"\(2, 2\) does not fit 3"),
        (lambda: encode([panel(ways={"0.y": X})], timeline()), r"ways must be float32 \(rows, 3"),
        (lambda: encode([words(["one"])], timeline()), "1 texts for 3"),
        (lambda: encode([mosaic(selected=(2, 0))], timeline()), r"no head \(2, 0\) in \(2, 4\)"),
        (lambda: encode([mosaic(weights=np.zeros((3, 2, 4, 15)))], timeline()), "be uint8"),
        (lambda: encode([mosaic(weights=np.zeros((3, 4, 15), "u1"))], timeline()), "layers"),
        (lambda: encode([mosaic(size=4)], timeline()), r"of 4 queries must be .* heads, 10\)"),
        (
            lambda: encode([mosaic(roles=Roles(ROLES[:2], []))], timeline()),
            r"\(3, 2, 4\), got uint8 \(2,",
        ),
        (lambda: encode([mosaic(roles=Roles(ROLES.astype(int), []))], timeline()), "got int64"),
        (
            lambda: encode([mosaic(roles=Roles(ROLES, []))], timeline()),
            "role 1 has none of 0 names",
        ),
        (lambda: encode([text(weights=np.zeros((3, 2, 2)))], timeline()), "float32, got float64"),
        (lambda: encode([text(weights=W[:2])], timeline()), r"\(3 or 1, 2, 2\)"),
        (lambda: encode([text(labels="abc")], timeline()), r"\(3, 2, 2\) must be .*3, 3\)"),
        (lambda: encode([text(labels=[], weights=W[:, :0, :0])], timeline()), "one label"),
        (lambda: encode([text(weights=None)], timeline()), "0 numbers beneath 2 labels"),
        (lambda: encode([text(query=2)], timeline()), "no position 2 in 2 labels"),
        (lambda: encode([text(query=-1)], timeline()), "no position -1 in 2 labels"),
        (lambda: encode([text(written=(0, 2))], timeline()), "no position 2 in 2 labels"),
        (lambda: encode([words(["a"] * 3, faint=[[]])], timeline()), "for 3 recorded"),
        (lambda: encode([machine(rows=W)], timeline()), r"rows must be uint8 \(3, 2, 2\)"),
        (
            lambda: encode([machine(weights=np.zeros((3, 1, 2, 4), "u1"))], timeline()),
            r"weights must be uint8 \(3, 1, 2, 3\)",
        ),
        (lambda: encode([machine(sizes=W[:2])], timeline()), r"sizes must be float32 \(3, 2, 2\)"),
        (lambda: encode([machine(true=W)], timeline()), r"true must be float32 \(3, 2\)"),
        (lambda: encode([machine(position=2)], timeline()), "position, ids and what follows"),
        (lambda: encode([machine(picks=Tokens((7,)))], timeline()), "must fit 2 labels"),
        (lambda: encode([machine(names=["a"])], timeline()), "a token has none of 1 names"),
        (lambda: encode([machine(parameters=[9])], timeline()), "1 counts do not fit 3 parts"),
        (lambda: encode([listing(numbers=W)], timeline()), r"numbers must be float32 \(3, 1, 2\)"),
        (lambda: encode([listing(lead=2)], timeline()), "one column the lead"),
        (lambda: encode([listing(pictures=[])], timeline()), "0 pictures must fit"),
        (lambda: encode([listing(pictures=[W])], timeline()), "must be uint8"),
        (
            lambda: encode([listing(picks=Opens(("rows", "next"), 0, 7))], timeline()),
            "2 parts to open must fit",
        ),
        (lambda: encode([listing(rows=[])], timeline()), "0 numbered items do not fit 1 names"),
        (lambda: encode([letters(points=W[:2])], timeline()), r"float32 \(3, 2, 2\) with at"),
        (lambda: encode([letters(colours=["#000000"])], timeline()), "must fit 2 labels"),
        (lambda: encode([letters(chosen=2)], timeline()), "no token 2 among 2"),
    ],
)
def test_what_does_not_fit_is_named(make: Callable[[], bytes], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_ticks_keep_their_words() -> None:
    header, _ = decoded(encode([], timeline(ticks=[Tick(5, "<b>lowest</b>")])))
    assert header["timeline"]["ticks"] == [{"step": 5, "label": "<b>lowest</b>"}]


def test_trust_is_sent_only_where_there_is_one() -> None:
    header, arrays = decoded(encode([], timeline(trust=np.array([np.nan, 0, 1]))))
    np.testing.assert_array_equal(arrays[header["timeline"]["trust"]], [np.nan, 0, 1])
    assert decoded(encode([], timeline()))[0]["timeline"]["trust"] is None


def test_losses_are_told_in_their_own_unit() -> None:
    for other, expected in (({}, "nats/token"), ({"unit": "% left"}, "% left")):
        header, _ = decoded(encode([], timeline(**other)))
        assert header["timeline"]["unit"] == expected


# ---- the store --------------------------------------------------------------------------------


def test_the_store_forgets_what_was_not_asked_for_longest() -> None:
    store = PayloadStore(limit=20)
    first, second = store.put(b"a" * 10), store.put(b"b" * 10)
    assert store.get(first) == b"a" * 10
    third = store.put(b"c" * 10)
    assert [store.get(digest) is None for digest in (first, second, third)] == [False, True, False]


def test_a_payload_larger_than_the_store_is_kept_while_it_is_the_newest() -> None:
    store = PayloadStore(limit=5)
    digest = store.put(b"a" * 10)
    assert store.get(digest) == b"a" * 10
    store.put(b"b")
    assert store.get(digest) is None


def test_the_same_payload_twice_counts_once() -> None:
    store = PayloadStore(limit=20)
    digests = {store.put(b"a" * 10) for _ in range(5)}
    store.put(b"b" * 10)
    assert [store.get(digest) for digest in digests] == [b"a" * 10]


# ---- what a browser says ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [None, 5, "5", {"step": 4, "move": 1}, {"step": 5.0, "move": 1}, {"step": True, "move": 1},
     {"step": 5}, {"step": [5], "move": 1}, {"step": 10**30, "move": 1}],
)  # fmt: skip
def test_a_report_that_names_no_recorded_step_is_not_believed(value: Any) -> None:
    assert reports.read_report(value, timeline()) is None


def test_a_text_without_weights_has_numbers_beneath_its_tokens() -> None:
    header, arrays = decoded(encode([text(weights=None, beneath=["5", "7"])], timeline()))
    (panel,) = header["panels"]
    assert panel["array"] is None and panel["beneath"] == ["5", "7"]
    assert len(arrays) == len(decoded(encode([], timeline()))[1])


def test_each_report_counts_once() -> None:
    heard = clock.Heard()
    first = reports.read_report({"step": 5, "move": 1}, timeline())
    again = reports.read_report({"step": 5, "move": 2}, timeline())
    assert first and again
    assert [heard.is_new(report) for report in (first, first, again, again)] == [1, 0, 1, 0]


SHAPES: dict[str, Picks] = {
    "tokens": Tokens((7, 40)),
    "positions": Positions(4),
    "columns": Positions(4, by_column=True),
    "second": Positions(4, second=True),
    "later": Positions(4, first=8),
    "scores": Heads(2, 4),
    "pairs": Pairs(4),
    "cells": Cells(sentences=2, positions=3, channels=4, pitch=5),
}


@pytest.mark.parametrize(
    ("name", "index", "pick"),
    [
        ("tokens", [1], Token(40)),
        ("tokens", [0, 3], Token(7)),
        ("tokens", [2], None),
        ("positions", [3], Position(3)),
        ("positions", [3, 9], Position(3)),
        ("positions", [4, 0], None),
        ("columns", [9, 3], Position(3)),
        ("columns", [0, 4], None),
        ("second", [2], Position(2, second=True)),
        ("later", [3, 0], Position(11)),
        ("later", [4, 0], None),
        ("scores", [6, 1], Head(1, 2)),
        ("scores", [7], Head(1, 3)),
        ("scores", [8], None),
        ("pairs", [3, 0], Pair(3, 0)),
        ("pairs", [0, 4], None),
        ("pairs", [4, 0], None),
        ("pairs", [3], None),
        ("cells", [2, 8], Cell(1, 2, 3)),
        ("cells", [2, 3], Cell(0, 2, 3)),
        ("cells", [0, 4], None),  # between two sentences
        ("cells", [3, 0], None),
        ("cells", [0, 10], None),
        ("heads", [1, 3], Head(1, 3)),
        ("heads", [2, 0], None),
        ("heads", [0, 4], None),
        ("heads", [1], None),
        ("text", [1], Position(1)),
        ("text", [2], None),
        ("text", [0, 1], None),
        ("machine", [0, 1], Part("rows", 1, 40)),
        ("machine", [3, 0], Part("next", 0, 7)),
        ("machine", [1, 1, 0, 0, 1], Part("attention", 1, 40, (0, 1), 0)),
        ("machine", [4, 0], None),
        ("machine", [0, 2], None),
        ("machine", [1, 0, 1, 0, 0], None),  # no query reads what comes later
        ("machine", [1, 1, 0, 0, 2], None),
        ("machine", [1, 1, 0], None),
        ("code", [0], Part("next", 1, 40)),
        ("code", [1], None),
        ("code", [0, 0], None),
        ("letters", [1], Token(40)),
        ("letters", [2], None),
        ("letters", [0, 1], None),
        ("unread", [1], None),
        ("silent", [1], None),
        ("words", [0], None),
        ("nowhere", [1], None),
        (["tokens"], [1], None),
        ("tokens", [-1], None),
        ("tokens", [1.5], None),
        ("tokens", [True], None),
        ("tokens", [], None),
        ("tokens", [0, 0, 0], None),
        ("tokens", "1", None),
        ("tokens", None, None),
    ],
)
def test_a_click_means_what_its_panel_says_and_nothing_outside_of_it(
    name: Any, index: Any, pick: Pick | None
) -> None:
    panels: list[AnyPanel] = [panel(key, picks=picks) for key, picks in SHAPES.items()]
    unread = replace(text(), frame=Frame("unread", "Text"))
    panels += [
        machine(),
        listing(picks=Opens(("next",), 1, 40)),
        letters(),
        mosaic(),
        text(picks=Positions(2)),
        unread,
        panel("silent"),
        words(["a"] * 3),
    ]
    assert reports.read_pick({"panel": name, "index": index}, panels) == pick


def test_a_click_that_is_no_mapping_means_nothing() -> None:
    assert reports.read_pick("tokens", [panel("tokens", picks=Tokens((7,)))]) is None


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ([1, 0], (7, 40)),
        ([1, 1], (40,)),
        ([], ()),
        ([2], None),
        ([-1], None),
        ([True], None),
        ([0.0], None),
        (["0"], None),
        ([[0]], None),
        ([0, 1, 0], None),  # more than there are points
        ("01", None),
        (None, None),
    ],
)
def test_a_selection_holds_tokens_that_are_drawn(rows: Any, chosen: tuple[int, ...] | None) -> None:
    panels: list[AnyPanel] = [panel(lasso=True, picks=Tokens((7, 40))), mosaic()]
    found = reports.read_selection({"panel": "map", "rows": rows}, panels)
    assert found == (None if chosen is None else Selection(chosen))


@pytest.mark.parametrize("name", ["map", "positions", "heads", "words", "nowhere", None])
def test_nothing_is_selected_where_there_is_no_lasso_over_tokens(name: str | None) -> None:
    panels: list[AnyPanel] = [
        panel(picks=Tokens((7, 40))),
        panel("positions", lasso=True, picks=Positions(2)),
        mosaic(),
        words(["a"] * 3),
    ]
    assert reports.read_selection({"panel": name, "rows": []}, panels) is None
    assert reports.read_selection(name, panels) is None


def clock_page() -> None:
    import numpy as np
    import streamlit as st

    from explorer.panels import Frame, Words
    from explorer.player.clock import Heard, step_clock
    from explorer.timeline import Timeline

    steps = np.array([0, 1, 5])
    words = Words(Frame("w", "Text", height=120), ["a", "b", st.text_input("text")])
    heard = st.session_state.setdefault("heard", Heard())
    timeline = Timeline(steps, steps / 10, steps / 1)
    state = step_clock([words], timeline, step=5, heard=heard, live="LIVE", names=("run", "page"))
    st.text(str(state))


def test_only_a_digest_and_the_step_go_over_the_socket() -> None:
    app = AppTest.from_function(clock_page).run()
    assert not app.exception
    data = component_data(app)
    rest = {"step": 5, "live": "LIVE", "heard": 0, "plays": 0, "names": ["run", "page"]}
    assert {**data, "payload": None} == {"payload": None, **rest}
    kept = clock.payload(data["payload"])
    assert kept is not None
    assert decoded(kept)[0]["panels"][0]["texts"] == ["a", "b", ""]
    assert app.text[0].value == "ClockState(step=None, pick=None, selection=None)"


def test_a_rerun_sends_the_same_digest_until_something_changes() -> None:
    app = AppTest.from_function(clock_page).run()
    first = component_data(app)["payload"]
    assert component_data(app.run())["payload"] == first
    assert component_data(app.text_input[0].set_value("new").run())["payload"] != first


# ---- the server -------------------------------------------------------------------------------


def ask(path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """What our routes behind our middleware answer to GET path."""
    app = Starlette(routes=ROUTES, middleware=[Middleware(Headers), Middleware(BelowBase)])
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    path, _, query = path.partition("?")
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": raw, "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return messages[0]["status"], found, b"".join(m.get("body", b"") for m in messages[1:])


def converse(endpoint: Callable[[WebSocket], Any]) -> None:
    """Run a socket's endpoint behind `Leaving`; the visitor is gone before the first message."""
    app = Starlette(routes=[WebSocketRoute("/stream", endpoint)], middleware=[Middleware(Leaving)])

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            raise OSError("the client has closed the connection")

    scope = {
        "type": "websocket", "path": "/stream", "raw_path": b"/stream", "query_string": b"",
        "headers": [], "http_version": "1.1", "root_path": "", "subprotocols": [],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))


def test_a_visitor_who_leaves_while_a_message_is_sent_is_no_fault() -> None:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        with pytest.raises(WebSocketDisconnect):
            await websocket.send_bytes(b"a picture")
        await websocket.receive_bytes()

    converse(endpoint)


def test_another_error_of_a_socket_is_logged() -> None:
    async def endpoint(websocket: WebSocket) -> None:
        raise RuntimeError("a fault")

    with pytest.raises(RuntimeError, match="a fault"):
        converse(endpoint)


def test_every_listed_file_is_served_and_cached_for_ever() -> None:
    for name in FILES:
        status, headers, body = ask(f"/assets/{player_version()}/{name}")
        assert (status, body) == (200, player_files()[name])
        assert "immutable" in headers["cache-control"]


def test_the_script_holds_every_module_once_after_those_that_it_imports() -> None:
    script = player_files()["player.js"].decode()
    order = re.findall(r"^const \$(\w+) = ", script, re.MULTILINE)
    assert len(order) == len(set(order))
    assert set(order) == {path.stem for path in WEB.glob("*.js")} - {"offline"}  # of files
    for number, name in enumerate(order):
        source = (WEB / f"{name}.js").read_text()
        imported = re.findall(r'^} from "\./(\w+)|^import .* from "\./(\w+)', source, re.MULTILINE)
        assert {one or other for one, other in imported} <= set(order[:number])


def test_the_style_sheet_holds_every_file_once() -> None:
    files = {path.stem: path.read_text() for path in WEB.glob("*.css") if path.stem != "offline"}
    assert sorted(STYLES) == sorted(files)
    sheet = player_files()["player.css"].decode()
    assert [name for name in files if files[name] not in sheet] == []
    assert sheet.count("{") == sum(source.count("{") for source in files.values())


def test_modules_that_import_each_other_or_in_other_ways_are_refused() -> None:
    one, other = 'import { b } from "./b.js"\n', 'import { a } from "./a.js"\n'
    with pytest.raises(ValueError, match="a → b → a"):
        bundle({"a": one, "b": other}, ["a"])
    for line in ('import "./b.js"', "export default 1", 'const b = await import("./b.js")'):
        for above in ("", "// what it does\n", "/** @param {number} a */\n", "f() // why\n"):
            with pytest.raises(ValueError, match="a.js has a line that cannot be bundled"):
                bundle({"a": f"{above}{line}\n// more", "b": ""}, ["a"])


def test_a_comment_may_name_what_cannot_be_bundled() -> None:
    source = '// a\n  // import x from "y"\n/**\n * @type {import("z").Z}\n */\nfoo()'
    assert source in bundle({"a": source}, ["a"])


@pytest.mark.parametrize(
    "path",
    ["__init__.py", "../app.py", "..%2fapp.py", "%2e%2e/app.py", "player.js/", "PLAYER.JS", ""],
)
def test_nothing_but_the_list_is_served(path: str) -> None:
    assert ask(f"/assets/{player_version()}/{path}")[0] in {307, 404}
    assert ask("/assets/000000000000/player.js")[0] == 404


@pytest.mark.parametrize("digest", ["0" * 64, "0" * 63, "Z" * 64, "..", "%00", "0" * 65])
def test_an_unknown_payload_is_not_found_and_not_remembered(digest: str) -> None:
    status, headers, _ = ask(f"/clock/{digest}")
    assert status == 404
    assert headers.get("cache-control", "no-store") == "no-store"


def test_a_kept_payload_is_served_as_it_is() -> None:
    digest = clock._store.put(b"payload")
    status, headers, body = ask(f"/clock/{digest}", accept_encoding="gzip")
    assert (status, body) == (200, b"payload")
    assert headers["cache-control"].startswith("private")


def test_plotly_comes_compressed_to_those_who_can_read_that() -> None:
    _, headers, small = ask("/assets/plotly.min.js", accept_encoding="gzip, br")
    _, plain, large = ask("/assets/plotly.min.js")
    assert headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain
    assert len(small) < len(large) / 2
    assert large.lstrip().startswith(b"/**\n* plotly.js")


def test_every_answer_carries_the_security_headers() -> None:
    for path in ("/nowhere", f"/assets/{player_version()}/player.js"):
        _, headers, _ = ask(path)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == content_security_policy()


def test_the_policy_runs_no_foreign_and_no_inline_script() -> None:
    rules = dict(rule.split(" ", 1) for rule in content_security_policy().split("; "))
    assert "unsafe" not in rules["script-src"]
    assert "http" not in content_security_policy()
    assert rules["frame-ancestors"] == "'self'"


def test_our_routes_answer_below_a_base_path_and_streamlits_own_are_left_to_it() -> None:
    script = f"/assets/{player_version()}/player.js"
    server = Route("/{rest:path}", lambda request: Response("its own"))
    ROUTES.append(server)
    before = config.get_option("server.baseUrlPath")
    try:
        config.set_option("server.baseUrlPath", "")
        assert ask("/attention/_stcore/health")[0] == 300
        assert ask("/_stcore/health")[2] == ask("/lab" + script)[2] == b"its own"
        config.set_option("server.baseUrlPath", "lab/")
        assert ask("/lab" + script)[2] == ask(script)[2] == player_files()["player.js"]
        assert ask("/lab/attention/_stcore/health")[0] == 300
        assert ask("/lab/_stcore/health")[2] == ask("/laboratory" + script)[2] == b"its own"
        assert ask("/lab/clock/" + "0" * 64)[0] == 404
    finally:
        config.set_option("server.baseUrlPath", before)
        ROUTES.remove(server)


def test_the_server_warms_our_modules_but_runs_neither_script_nor_command() -> None:
    names = set(own_modules())
    assert "model_core.model" in names
    assert not names & {"explorer.dashboard", "explorer.app", "model_core.__main__"}


def failing_page() -> None:
    import streamlit as st

    from explorer.app import on_script_error

    try:
        raise RuntimeError("a path of the server")
    except RuntimeError as error:
        st.text(on_script_error(error))


def test_an_exception_is_a_calm_box_with_the_id_of_its_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = AppTest.from_function(failing_page).run()
    (box,) = app.error
    (record,) = (line for line in caplog.records if line.name == "driftscope")
    name = record.args[0] if isinstance(record.args, tuple) else None
    assert box.value.endswith(f"under error {name}.")
    assert "server's log" in box.value and "path" not in box.value
    assert record.exc_info is not None


def test_a_page_names_what_it_will_need_and_all_of_it_is_served() -> None:
    page = Route("/{page}", lambda request: Response("<!doctype html>", media_type="text/html"))
    first = Route("/", page.endpoint)
    ROUTES.extend([page, first])
    try:
        links = [ask(path)[1]["link"] for path in ("/drift", "/", "/overview", "/lessons")]
    finally:
        del ROUTES[-2:]
    addresses = re.findall(r"<([^>]+)>", links[0])
    assert [address.split("/")[-1] for address in addresses[1:]] == ["player.js"]
    assert all(ask("/" + address.partition("?")[0])[0] == 200 for address in addresses)
    assert "link" not in ask("/" + addresses[1])[1]
    for link in links[1:]:  # these draw no figure of Plotly's
        assert re.findall(r"<([^>]+)>", link) == addresses[1:]


def test_the_stored_picture_is_for_the_page_that_opens_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    page = "<!doctype html><head><meta charset=utf-8></head>"
    route = Route("/{page:path}", lambda request: Response(page, media_type="text/html"))
    ROUTES.append(route)

    def is_named(path: str) -> bool:
        body = ask(path)[2]
        assert body.startswith(b"<!doctype html><head>") and b"/player.js" in body
        (found,) = re.findall(b'driftscope-first" data-payload="([^"]*)"', body) or [b""]
        assert b64decode(found) in (picture(), b"")
        return found != b""

    try:
        assert is_named("/") and is_named("/overview")
        assert not is_named("/?run=induction") and not is_named("/drift")
        (tmp_path / "english").mkdir()  # a visitor's own run comes before ours
        assert not is_named("/")
    finally:
        ROUTES.remove(route)


def test_the_page_is_sent_before_anything_large_is_imported() -> None:
    code = (
        "import sys; from explorer.player import assets; from explorer.server import first\n"
        "assert first.is_offered({'query_string': b''}, '/') and assets.player_files()\n"
        "print(*[m for m in ('pydantic', 'numpy', 'filelock', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_two_stored_pictures_are_a_fault_of_ours_and_not_of_the_folder_of_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.payload").touch()
    monkeypatch.setattr("explorer.server.first.FOLDER", tmp_path)
    _file.cache_clear()
    with pytest.raises(ValueError, match="too many values"):
        is_offered({"query_string": b""}, "/")
