"""A click on any panel chooses what the panel shows, on every page."""

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from explorer.player.reports import Cell, Head, Pair, Pick, Position, Token
from explorer.visit import clock, session
from explorer.visit.state import CELL
from tests.support.clicks import Click, clicks
from tests.support.pages import FOX as SENTENCE
from tests.support.pages import SHIPPED, go_to, opened, panels, visitor

FOX = {"run": SHIPPED.name}  # two layers of one head
VALUES = {"tables.view": "Values"}
CLICKS: dict[str, tuple[str, dict[str, str], str, list[int], dict[str, str]]] = {
    "a token of the table": ("tables", VALUES, "tokens", [5, 2], {"token": "5"}),
    "a position of the table": ("tables", VALUES, "positions", [6, 2], {"pair": "6"}),
    "a looked-up row": ("tables", {"pair": "20"}, "tokens", [5, 2], {"token": "5", "pair": "20"}),
    "a looked-up position": ("tables", {"pair": "20"}, "positions", [6, 2], {"pair": "18"}),
    "a letter with its id": ("tables", {"pair": "20"}, "text", [6], {"pair": "6"}),
    "a small map": ("", {}, "map", [5], {"token": "5"}),
    "a token of the map": ("drift", {"map": "PCA"}, "map", [5], {"token": "5"}),
    "a position of the map": (
        "drift", {"map": "PCA", "table": "positions"}, "position-map", [6], {"pair": "6"},
    ),
    "a token of the text": ("attention", {}, "text", [6], {"pair": "6"}),
    "a head": ("attention", {}, "heads", [1, 0], {"head": "1.0"}),
    "a cell of the head": ("attention", {}, "head", [7, 4], {"pair": "7.4"}),
    "a cell of the future": ("attention", {}, "stage-product", [4, 7], {"pair": "4.7"}),
    "scaled": ("attention", {}, "stage-scaled", [7, 0], {"pair": "7.0"}),
    "masked": ("attention", {}, "stage-masked", [7, 1], {"pair": "7.1"}),
    "softmax": ("attention", {}, "stage-weights", [7, 2], {"pair": "7.2"}),
    "what it moves": ("attention", {"view": "One weight"}, "contribution", [7, 3], {"pair": "7.3"}),
    "a row of scores": ("attention", {"view": "Roles"}, "scores", [1, 1], {"head": "1.0"}),
    "a bar of costs": ("attention", {"view": "Roles"}, "costs", [1], {"head": "1.0"}),
    "a column of depths": ("attention", {"view": "Next token"}, "lens", [1, 6], {"pair": "6"}),
    "a token along the depth": (
        "normalization", {"part": "One token"}, "tokens-after", [4, 2], {"pair": "4"},
    ),
}  # fmt: skip


@pytest.fixture
def click(monkeypatch: pytest.MonkeyPatch) -> Click:
    return clicks(monkeypatch)


@pytest.mark.parametrize("case", CLICKS)
def test_a_click_chooses_what_its_panel_shows(case: str, click: Click) -> None:
    at, query, panel, index, chosen = CLICKS[case]
    app = opened(**FOX, **query)
    if at:
        go_to(app, at)
    click(app, panel, index)
    address = {name: app.query_params.get(name) for name in ("token", "pair", "head")}
    assert address == {"token": None, "pair": None, "head": "0.0"} | chosen


def test_a_chosen_position_is_marked_in_the_position_table(click: Click) -> None:
    app = go_to(opened(**FOX, **VALUES), "tables")
    for position in (6, 3):
        click(app, "positions", [position, 0])
        layout = json.loads(panels(app)["positions"]["figure"])["layout"]
        (frame,) = layout["shapes"]
        assert (frame["y0"], frame["y1"]) == (position - 0.5, position + 0.5)
        assert f"<b>{position}</b>" in layout["yaxis"]["ticktext"]


@pytest.mark.parametrize(
    ("index", "leads_to", "chosen"),
    [
        ([0, 6], "tokens", {"token": str(SHIPPED.tokenizer.encode(SENTENCE)[6]), "pair": "6"}),
        ([1, 7, 4, 1, 0], "text", {"pair": "7.4", "head": "1.0"}),
        ([2, 6], "model", {"pair": "6"}),
        ([3, 6], "lens", {"pair": "6"}),
    ],
    ids=["a letter", "an arc", "the stream", "what comes next"],
)
def test_a_part_of_the_drawn_model_leads_to_its_page(
    index: list[int], leads_to: str, chosen: dict[str, str], click: Click
) -> None:
    app = opened(**FOX)
    click(app, "machine", index)
    address = {name: app.query_params.get(name) for name in ("token", "pair", "head")}
    assert address == {"token": None, "pair": None, "head": "0.0"} | chosen
    assert leads_to in panels(app)


def test_a_chosen_position_is_the_query_of_attention(click: Click) -> None:
    app = go_to(opened(**FOX), "tables")
    click(app, "positions", [6, 2])
    assert panels(go_to(app, "attention"))["text"]["query"] == 6


def test_a_position_beyond_the_sentence_is_chosen_all_the_same(click: Click) -> None:
    app = go_to(opened(**FOX, **VALUES, text="fox"), "tables")
    click(app, "positions", [40, 2])
    assert panels(go_to(app, "attention"))["text"]["query"] == 2


def test_a_click_in_the_second_sentence_leaves_the_query_of_the_first(click: Click) -> None:
    app = go_to(opened(**FOX, view="Two sentences", pair="3"), "attention")
    click(app, "second-text", [5])
    shown = panels(app)
    assert (shown["text"]["query"], shown["second-text"]["query"]) == (3, 5)


@pytest.mark.parametrize(
    ("pick", "changed"),
    [
        (Token(5), {"token": 5}),
        (Head(2, 3), {"head": (2, 3)}),
        (Pair(7, 4), {"query": 7, "key": 4}),
        (Position(6), {"query": 6}),
        (Position(6, second=True), {"second_query": 6}),
        (Cell(1, 3, 2), {}),
    ],
    ids=str,
)
def test_each_kind_of_pick_changes_what_it_names_and_nothing_else(
    pick: Pick, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = visitor(monkeypatch)
    session.choose(query=1, key=0)
    lock = state["visit"].lock
    before = deepcopy(state, {id(lock): lock})  # a lock has no copy
    clock._follow(pick)
    before["visit"].chosen = replace(before["visit"].chosen, **changed)
    if isinstance(pick, Cell):
        before["visit"].pending = dict(zip(CELL, (1, 3, 2), strict=True))
    assert state == before
