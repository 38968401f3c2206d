"""What holds for every panel, whatever it shows."""

import html
import json
import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
import pytest

from explorer.charts.attention.heads import head_panel
from explorer.charts.attention.lens import lens_panel
from explorer.charts.attention.pair import pair_panel
from explorer.charts.attention.predictions import before_after_panel, next_panel
from explorer.charts.attention.roles import costs_panel, role_curves_panel, scores_panel
from explorer.charts.attention.stages import contribution_panel, stage_panels
from explorer.charts.embeddings.colours import Colours
from explorer.charts.embeddings.dimensions import Probed, probes_panel, relations_panel
from explorer.charts.embeddings.drift import drift_panel
from explorer.charts.embeddings.maps import map_panel
from explorer.charts.embeddings.marks import Marks
from explorer.charts.embeddings.neighbours import biography_panel
from explorer.charts.embeddings.randomness import directions_panel
from explorer.charts.embeddings.similarity import cosines_panel, profile_panel
from explorer.charts.embeddings.tables import table_panel
from explorer.charts.embeddings.what_if import losses_panel
from explorer.charts.normalization.block import block_panel
from explorer.charts.normalization.cube import cube_panel
from explorer.charts.normalization.depth import Sites, depth_panel, token_depth_panel
from explorer.charts.normalization.descent import Walk, descent_panel, excess_panel
from explorer.charts.normalization.distributions import Quantiles, bands_over_steps_panel
from explorer.charts.normalization.leak import (
    Distances,
    distances_panel,
    means_panel,
    movement_panel,
)
from explorer.charts.normalization.spread import spread_panel
from explorer.charts.normalization.worked import Groups, groups_panel
from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.histograms import histogram_panel
from explorer.charts.parts.rows import Rows
from explorer.charts.parts.scales import Scale
from explorer.charts.parts.squares import Labels
from explorer.panels import Frame, Panel
from explorer.player.entries import figure_json
from model_core.normalization.scaling import Bowl
from tests.support.moving import each_step

STEPS = np.array([0, 1, 2, 5, 100])
NAMES = ["blocks.0.ln1", "blocks.0.ln2", "ln_f"]
HOSTILE = ("<b>", "&lt;", "$x$", "%{x}", "<extra>", "·", "11")
REPEATED = ("a", "a", "a", "a", "·", "1", "1")
N = len(HOSTILE)
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
FIELD = r"[xyz]|text|meta|customdata(\[\d\])?|[xy]axis\.title\.text"


def numbers(*shape: int, bad: str) -> np.ndarray:
    """Positive numbers (5, *shape); `bad`: "none", "some" or "all" of them are not finite."""
    values = np.random.default_rng(0).uniform(0.1, 3.0, (len(STEPS), *shape))
    if bad == "some":
        values.flat[::7] = np.nan
        values.flat[1::11] = np.inf
    if bad == "all":
        values[:] = np.nan
    values.flags.writeable = False  # as what is recorded
    return values


@cache
def build(bad: str = "none", labels: tuple[str, ...] = HOSTILE) -> dict[str, Panel]:
    """Every kind of panel in its variants, by name."""
    common: dict[str, Any] = {"frame": Frame("k", "T")}
    flat: dict[str, Any] = common | {"axis_titles": ("x", "y")}
    rows, chosen = Rows(labels), Rows(labels, chosen=1, selected=[2, 3])
    norms = {"before": numbers(3, bad=bad), "after": numbers(3, bad=bad)}
    places = numbers(N, 2, bad=bad)
    square = numbers(N, N, bad=bad) / 3
    row = numbers(N, bad=bad) / 3
    deep = numbers(3, N, bad=bad)
    curve = numbers(bad=bad)
    sites, std = Sites(NAMES), Scale("std")
    log, per_step = Scale("std", log=True), Scale("std", per_step=True)
    quantiles = Quantiles(numbers(3, len(LEVELS), bad=bad), LEVELS)
    bands = Quantiles(deep[:, 0], LEVELS)
    near = {"none": 2, "some": 0, "all": -N}[bad]  # ids below zero: nobody
    heads = numbers(2, 3, 3, bad=bad) / 3
    pair = Labels(labels, 3, 1)
    expected: dict[str, Any] = {"labels": labels, "true": 1, "shown": 3, **common}
    walk = Walk(Bowl(np.diag([1.0, 10.0]), np.array([2.0, 10.0])), np.zeros((5, 2)), np.ones(5))
    bowl: dict[str, Any] = {"walk": walk, "colour": "#0072B2", **flat}
    ids = (np.arange(5)[:, None] + np.arange(-2, 1) + near).clip(-1)
    shared = np.arange(2 * N * 3).reshape(2, N, 3) // 3 == 1  # a token's channels
    unit: dict[str, Any] = {"unit": "std", **common}
    return {
        "block": block_panel(
            numbers(2, N, 3, bad=bad), shared, (0, 1, 2), {"your": labels, "<b>": labels}, **common
        ),
        "cube": cube_panel(shared, (0, 1, 2), **common),
        "table": table_panel(numbers(N, 4, bad=bad), rows, **common),
        "table chosen": table_panel(
            numbers(N, 4, bad=bad), Rows(labels, chosen=2), per_step=True, **common
        ),
        "map": map_panel(places, rows, **flat),
        "map chosen": map_panel(
            places,
            chosen,
            marks=Marks(Colours("kind", list("aabbaab")), trails=[1, 2], arrows=places / 9),
            **flat,
        ),
        "map moving colours": map_panel(places, rows, marks=Marks(Colours("entropy", row)), **flat),
        "map colours": map_panel(places, rows, marks=Marks(Colours("entropy", row[0])), **flat),
        "space": map_panel(
            numbers(N, 3, bad=bad),
            chosen,
            axis_titles=("x", "y", "z"),
            marks=Marks(trails=[1, 2]),
            **common,
        ),
        "relations": relations_panel(square / 3, square > 0.3, labels, **common),
        "relations nothing": relations_panel(square, square < 0, labels, **common),
        "probes": probes_panel(Probed(row, row / 2, row > row.mean()), labels, **common),
        "drift": drift_panel(row, STEPS, rows, **common),
        "drift chosen": drift_panel(row, STEPS, Rows(labels, chosen=3), **common),
        "cosines": cosines_panel(square, Rows(labels, chosen=2), **common),
        "profile": profile_panel(
            np.arange(N), row, {"b": np.ones(N)}, titles=("apart", "cosine"), **common
        ),
        "losses": losses_panel(float(curve[0]), float(curve[1]), 3.0, **common),
        "directions": directions_panel(row, np.linspace(1, 0.2, N), 0.2, **common),
        "biography": biography_panel(ids, STEPS, rows, **common),
        "head": head_panel(square, Labels(labels, query=3), **common),
        **{panel.frame.key: panel for panel in stage_panels(square, square, 5, pair)},
        "contribution": contribution_panel(square, pair, **common),
        "pair": pair_panel(row, numbers(N, bad=bad), **common),
        "next": next_panel(row, **expected),
        "before after": before_after_panel({"a": row[0], "b": row[1]}, **expected),
        "lens": lens_panel(deep, NAMES, labels, position=2, **common),
        "scores": scores_panel(heads, NAMES, 0.4, selected=(1, 2), **common),
        "role curves": role_curves_panel(STEPS, heads[:, 0, 0], NAMES, 0.4, **common),
        "costs": costs_panel(heads[0, 0], selected=(1, 2), off=[(0, 1)], **common),
        "depth": depth_panel(norms, sites, scale=std, **common),
        "depth log": depth_panel(norms, sites, scale=replace(log, per_step=True), **common),
        "spread": spread_panel(quantiles, sites, scale=std, **common),
        "spread step": spread_panel(quantiles, sites, scale=per_step, **common),
        "depth limits": depth_panel(norms, sites, scale=Scale("share", limits=(0, 9)), **common),
        "tokens": token_depth_panel(deep, sites, labels, scale=per_step, **common),
        "tokens log": token_depth_panel(deep, sites, labels, scale=log, **common),
        "movement": movement_panel(norms, NAMES, **unit),
        "distances": distances_panel(
            Distances((1, 2, 4), curve[:3], curve[2:], repeats=8), size=2, **unit
        ),
        "means": means_panel(row, 2 * row, **unit),
        "bands": bands_over_steps_panel(STEPS, bands, scale=std, **common),
        "bands bent": bands_over_steps_panel(
            STEPS, bands, scale=Scale("std", bend=0.1, limits=(-5, 5)), **common
        ),
        "histogram": histogram_panel(
            {"a": row, "b": square[:, 0]}, np.arange(N + 1), scale=std, **common
        ),
        "histogram bent": histogram_panel(
            {"a": row}, np.arange(N + 1), scale=Scale("std", bend=0.1), **common
        ),
        "descent": descent_panel(**bowl),
        "descent stretched": descent_panel(stretched=True, **bowl),
        "excess": excess_panel({"a": curve, "b": curve / 3}, 0.01, **common),
        "groups": groups_panel(
            row, Groups("norm", NAMES + ["a", "b"], labels), chosen=(1, 2), **unit
        ),
        "curves": curves_panel(STEPS, {"a": curve}, scale=std, **common),
        "curves limits": curves_panel(
            STEPS, {"a": curve / 3}, scale=Scale("share", limits=(0, 1)), **common
        ),
        "curves log": curves_panel(STEPS, {"a": curve, "b": 2 * curve}, scale=log, **common),
    }


PANELS = list(build())


@pytest.fixture(params=["none", "some", "all"])
def panels(request: pytest.FixtureRequest) -> dict[str, Panel]:
    return build(request.param)


def axes(figure: go.Figure) -> tuple[Any, ...]:
    """The axes of a plane, or of space."""
    layout = figure.layout
    if layout.scene.xaxis.range is None:
        return layout.xaxis, layout.yaxis
    return layout.scene.xaxis, layout.scene.yaxis, layout.scene.zaxis


def drawn(figure: go.Figure, path: str) -> Any:
    """What of the figure a moving array replaces."""
    head, rest = path.split(".", 1)
    place = figure.layout if head == "layout" else figure.data[int(head)]
    return place[rest]


@pytest.mark.parametrize("name", PANELS)
def test_moving_arrays_have_the_steps_first_and_the_figure_shows_the_first(
    panels: dict[str, Panel], name: str
) -> None:
    panel = panels[name]
    ways = {path: each_step(array) for path, array in panel.ways.items()}
    for path, array in {**panel.moving, **ways}.items():
        assert array.dtype in (np.float32, np.uint8), path
        assert array.shape[0] == len(STEPS), path
        first = np.array(drawn(panel.figure, path), np.float32)
        assert first.shape == array.shape[1:], path
        np.testing.assert_allclose(first, array[0], rtol=1e-6, err_msg=path)


@pytest.mark.parametrize("name", PANELS)
def test_nothing_in_a_figure_is_infinite_and_all_of_it_is_valid(
    panels: dict[str, Panel], name: str
) -> None:
    panel = panels[name]
    assert not any(
        np.isinf(array).any() for array in [*panel.moving.values(), *panel.ways.values()]
    )
    text = panel.figure.to_json()
    assert "Infinity" not in text
    go.Figure(json.loads(text))
    for axis in axes(panel.figure):
        assert np.isfinite(axis.range).all() and axis.range[0] != axis.range[1]


@pytest.mark.parametrize("name", PANELS)
def test_axes_are_numeric_titled_and_without_colours_of_their_own(name: str) -> None:
    layout = build()[name].figure.layout
    for axis in axes(build()[name].figure):
        assert axis.title.text
        if name == "space":  # whose axes have no type to be mistaken
            continue
        assert axis.type in ("linear", "log")
        assert axis.tickfont.size >= 12 and axis.tickfont.color is None
        assert axis.gridcolor is None and axis.zeroline is False
        assert all(isinstance(place, int | float) for place in axis.tickvals or ())
    assert layout.font.color is None
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.uirevision == "keep"


@pytest.mark.parametrize("name", PANELS)
def test_no_token_is_in_a_template_and_none_is_markup_elsewhere(name: str) -> None:
    figure = build()[name].figure
    for trace in figure.data:
        for template in (trace.hovertemplate, trace["texttemplate"]):
            for field in re.findall(r"%{(.*?)[:}]", template or ""):
                assert re.fullmatch(FIELD, field)
            assert not any(html.escape(label) in (template or "") for label in HOSTILE[:-2])
    shown = json.loads(figure.to_json())
    for trace in shown["data"]:
        trace.pop("hovertemplate", None), trace.pop("texttemplate", None)
        if trace["type"] == "scatter3d":
            trace.pop("text", None)  # WebGL shows a label letter by letter: it is not escaped
    shown["layout"].pop("template")
    shown["layout"].get("xaxis", {}).pop("unifiedhovertitle", None)  # a template as well
    text = json.dumps(shown).replace("\\u003c", "<").replace("\\u003e", ">")
    text = re.sub(r'"<b>([^"]+)</b>"', r'"\1"', text)  # the chosen row's bold
    assert not re.search(r"<extra|<b>|\$x|%{x", text)


@pytest.mark.parametrize("name", ["table", "head", "stage-masked", "lens", "tokens"])
def test_repeated_and_numeric_tokens_keep_a_place_each(name: str) -> None:
    panel = build(labels=REPEATED)[name]
    layout = panel.figure.layout
    axis = layout.xaxis if name == "lens" else layout.yaxis
    assert list(axis.tickvals) == list(range(len(REPEATED)))
    plain = [re.sub("</?b>", "", text) for text in axis.ticktext]
    expected = (
        list(REPEATED) if name == "table" else ["a 0", "a 1", "a 2", "a 3", "·", "1 5", "1 6"]
    )
    assert plain == expected


@pytest.mark.parametrize("name", PANELS)
def test_every_panel_tells_in_words_what_it_shows(panels: dict[str, Panel], name: str) -> None:
    panel = panels[name]
    title = panel.frame.title if name.startswith("stage") else "T"
    assert panel.alt.startswith(f"{title}: ") and panel.alt.endswith(".")
    assert re.search(r"\b5 (recorded )?steps", panel.alt) or not panel.moving
    assert "nan" not in panel.alt.lower()
    assert 1 <= panel.frame.span <= 12 and panel.frame.height >= 200


def test_a_figure_depends_on_its_arrays_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent of it: Streamlit sets Plotly's default template, at a moment of its own."""
    monkeypatch.setattr(pio.templates, "default", "plotly_dark")
    again = build.__wrapped__()
    assert [name for name in PANELS if sent(build()[name]) != sent(again[name])] == []


def sent(panel: Panel) -> str:
    return figure_json(panel.figure)
