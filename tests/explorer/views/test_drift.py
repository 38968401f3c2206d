"""What the Drift page asks for, maps, colours and says, in Streamlit's own test harness."""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.data import tables
from explorer.views.drift import marks
from explorer.views.drift.choices import Choices
from explorer.views.drift.maps import Rows, map_of, rows_of
from explorer.visit import moment as moments
from explorer.visit import session
from explorer.visit.moment import Moment, moment_of
from explorer.visit.page import plain
from explorer.visit.runs import RECORDED
from model_core.config import MapConfig
from model_core.embeddings import counts
from model_core.embeddings.neighbours import drift, moved, turnover
from model_core.projections import arrows_on_map, pca_over_time
from model_core.projections.maps import MapFile, table_of
from model_core.projections.trust import neighbours_kept
from model_core.runs import Run
from model_core.runs.tensors import pack, unpack
from tests.support.pages import SHIPPED, go_to, named, opened, panels, press, visitor
from tests.support.runs import recorded_run

DEFAULTS: dict[str, Any] = {
    "table": "tokens",
    "ids": tuple(range(27)),
    "method": "PCA",
    "dimensions": 2,
    "which": "most frequent",
    "colour": "kind of token",
    "channel": 0,
    "trails": "none",
    "arrows": "none",
    "basis": "all steps",
    "ends": ((), ()),
    "config": None,
}


def choices(**changes: Any) -> Choices:
    return Choices(**DEFAULTS | changes)


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What a visitor of the shipped run looks at, without a browser."""
    yield visitor(monkeypatch)


@pytest.fixture
def seen(state: dict[str, Any]) -> Moment:
    return moment_of(SHIPPED)


@pytest.fixture
def rows(seen: Moment) -> Rows:
    return rows_of(seen, choices())


# ---- the shipped run's maps ------------------------------------------------------------------


@pytest.mark.parametrize("config", [MapConfig(), MapConfig(table="positions")])
def test_the_shipped_maps_are_whole_and_of_this_run(config: MapConfig) -> None:
    file = MapFile(RECORDED / "quick-brown-fox", config)
    vectors = table_of(SHIPPED, config)
    made = file.read(SHIPPED.steps, vectors)
    assert made is not None and made.steps.tolist() == SHIPPED.steps.tolist()
    trusted, kept = neighbours_kept(vectors, made.layout)
    np.testing.assert_allclose(made.trust.trustworthiness, trusted, atol=1e-9)
    np.testing.assert_allclose(made.trust.kept, kept, atol=1e-9)
    assert made.is_whole(SHIPPED.steps), "the first visit would measure chance"


@pytest.mark.usefixtures("state")
def test_points_of_a_growing_run_stay_but_where_the_map_is_fitted_again() -> None:
    whole = moment_of(Run.open(RECORDED / "english"))
    before: np.ndarray | None = None
    for count in range(1, len(whole.steps) + 1):
        grown = replace(whole, live=True, steps=whole.steps[:count], step=int(whole.steps[0]))
        layout = tables.pca(grown, "tokens").map.layout
        if before is not None and count & (count - 1):  # no power of two
            np.testing.assert_array_equal(layout[:-1], before)
        before = layout
    assert before is not None and tables.first_steps(grown) == 16
    ended = tables.pca(whole, "tokens").map  # the end of the run: fitted on all
    np.testing.assert_array_equal(
        ended.layout, pca_over_time(tables.vectors(whole, "tokens")).layout
    )


# ---- colours and arrows ----------------------------------------------------------------------


def test_numbers_that_colour_a_map_are_those_of_the_run(seen: Moment, rows: Rows) -> None:
    colours = {
        name: marks.colours_of(seen, rows, choices(colour=name, channel=3))
        for name in ("frequency", "updates so far", "distance moved", "a channel")
    }
    often = [SHIPPED.text[: int(len(SHIPPED.text) * 0.9) + 1].count(t) for t in seen.tokens]
    assert all(one is not None for one in colours.values())
    values = {name: np.asarray(one.values) for name, one in colours.items() if one}
    np.testing.assert_allclose(10 ** values["frequency"], often, atol=1.01)
    np.testing.assert_array_equal(values["updates so far"], counts.updates(SHIPPED))
    np.testing.assert_array_equal(values["distance moved"], drift(rows.vectors))
    np.testing.assert_array_equal(values["a channel"], SHIPPED.token_embeddings()[:, :, 3])


def test_kinds_have_the_same_colours_in_every_run(seen: Moment, rows: Rows) -> None:
    kinds = marks.colours_of(seen, rows, choices())
    assert kinds is not None and kinds.palette == marks.CLASSES
    assert kinds.values[seen.tokens.index("e")] == "vowel"
    assert marks.colours_of(seen, rows, choices(colour="nothing")) is None


def test_arrows_of_pca_are_its_axes_times_the_optimizers_step(seen: Moment, rows: Rows) -> None:
    asked = choices(arrows="the optimizer's step")
    atlas = map_of(seen, rows, asked)
    arrows = marks.arrows_of(seen, rows, atlas, asked)
    assert arrows is not None
    pca = pca_over_time(SHIPPED.token_embeddings())
    moves = SHIPPED.token_updates() @ pca.components.T
    np.testing.assert_allclose(arrows.ways, arrows.factor * moves, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(  # the move after the first step is the way to the next one
        SHIPPED.token_updates()[0],
        SHIPPED.token_embeddings()[1] - SHIPPED.token_embeddings()[0],
        atol=1e-6,
    )
    digit = arrows.factor / 10 ** np.floor(np.log10(arrows.factor))
    assert round(digit, 6) in (1, 2, 5)


def test_arrows_against_the_gradient_carry_the_learning_rate(seen: Moment, rows: Rows) -> None:
    asked = choices(arrows="against the gradient", method="UMAP", config=MapConfig(), trails="none")
    atlas = map_of(seen, rows, asked)
    assert atlas.name == "UMAP"
    arrows = marks.arrows_of(seen, rows, atlas, asked)
    assert arrows is not None
    rate = np.float32(SHIPPED.training_config.learning_rate)
    ways = arrows_on_map(rows.vectors, atlas.places, -rate * SHIPPED.token_gradients())
    np.testing.assert_allclose(arrows.ways, ways * np.float32(arrows.factor), rtol=1e-6)


# ---- what happened ---------------------------------------------------------------------------


def test_ticks_name_the_largest_drift_and_turnover(seen: Moment, rows: Rows) -> None:
    changed = turnover(rows.vectors, tables.NEAR, "distance")
    timeline = marks.happened(seen, rows, changed, np.full(len(seen.steps), 0.5))
    ticks = {tick.label.split(",")[0]: tick.step for tick in timeline.ticks}
    far = int(moved(rows.vectors).mean(1).argmax())
    assert ticks["largest drift of tokens"] == seen.steps[far]
    assert ticks["most neighbours changed"] == seen.steps[int(changed.mean(1).argmax())]
    assert "lowest validation loss" in ticks
    steps = [tick.step for tick in timeline.ticks]
    assert steps == sorted(steps)


def test_a_diverged_run_has_a_tick_and_is_mapped_up_to_there(
    tmp_path: Path, state: dict[str, Any]
) -> None:
    run = recorded_run(tmp_path / "boom", learning_rate=1e6)
    seen = moment_of(run)
    rows = rows_of(seen, choices())
    timeline = marks.happened(seen, rows, None, np.full(len(seen.steps), np.nan))
    assert "the loss became NaN or infinite" in [tick.label for tick in timeline.ticks]


# ---- many tokens -----------------------------------------------------------------------------


def test_of_many_tokens_the_most_frequent_and_the_chosen_are_shown(
    recorded: Run, state: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "ROWS", 5)
    rare = int(counts.frequency(recorded).argmin())
    session.choose(token=rare)
    seen = moment_of(recorded)
    often = counts.most_frequent(counts.frequency(recorded), 5).tolist()
    assert seen.rows.tolist() == sorted({*often, rare})
    assert seen.chosen is not None and seen.picks[seen.chosen] == rare
    np.testing.assert_array_equal(
        tables.token_embeddings(seen), recorded.token_embeddings()[:, seen.rows]
    )
    assert "the 5 most frequent of 27 tokens" in moments.left_out(seen)


# ---- the page --------------------------------------------------------------------------------


def drift_page(**query: str) -> AppTest:
    return opened("drift", run="quick-brown-fox", **named("drift", query))


def test_more_tokens_than_an_address_has_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    letters = "".join(map(chr, range(0x4E00, 0x4E00 + 240)))
    recorded_run(tmp_path / "many", letters * 2, steps=1)
    app = opened("drift", run="many")
    app.multiselect(key="tokens").set_value(list(range(201))).run()
    assert app.query_params["tokens"].split(".")[-1] == "199"
    said = "The address has the first 200 of these 201."
    assert said in [one.value for one in app.caption]
    app.multiselect(key="tokens").set_value(list(range(200))).run()
    assert said[:12] not in "".join(one.value for one in app.caption)


def captions(app: AppTest) -> str:
    return " ".join(caption.value.replace("\\", "") for caption in app.caption)


SAID: dict[str, tuple[dict[str, str], str]] = {
    "umap": ({}, "UMAP of 120 steps: 15 neighbours, least distance 0.1, smoothness 0.3, seed 0"),
    "pca": ({"map": "PCA"}, "PCA, one basis for all steps, fitted on all 120 steps together"),
    "basis": ({"map": "PCA", "basis": "the last step"}, "fitted on the last step"),
    "axis": ({"map": "Axis between two sets"}, "Axis, one basis for all steps"),
    "arrows": ({"arrows": "the optimizer's step"}, "by a linear fit around each row"),
    "exact": ({"map": "PCA", "arrows": "against the gradient"}, "-learning rate"),
    "odd": ({"map": "nonsense", "axes": "4-D", "neighbours": "x"}, "UMAP of 120 steps"),
}


@pytest.mark.parametrize(("query", "said"), SAID.values(), ids=SAID)
def test_the_caption_says_how_the_map_was_made(query: dict[str, str], said: str) -> None:
    app = drift_page(**query)
    assert said in captions(app)
    assert app.exception == []


@pytest.mark.parametrize("page", ["drift", ""])
def test_the_map_says_at_each_step_what_its_trust_means(page: str) -> None:
    app = opened(page, run="english", **named("drift", {"map": "PCA"}))
    notes = panels(app.run())["map"]["notes"]  # the Overview's first picture is of one step
    assert len(notes) == 19
    assert re.fullmatch(r"trust 0\.59, chance 0\.6\d ± 0\.01: no better than chance", notes[0])
    assert re.fullmatch(r"trust 0\.74, chance 0\.6\d ± 0\.01: poor", notes[-1])


@pytest.mark.parametrize("kind, lost", [("nan", 81), ("huge", 0)])
def test_a_run_of_nan_or_huge_weights_opens_and_says_what_is_not_drawn(
    kind: str, lost: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    shutil.copytree(SHIPPED.path, tmp_path / kind, ignore=shutil.ignore_patterns("projections"))
    for number, path in enumerate(sorted((tmp_path / kind / "snapshots").iterdir())):
        if number > 2:
            path.unlink()
            continue
        weights = unpack(path.read_bytes())
        for name, values in weights.items():
            if values.is_floating_point():
                huge = 3e38 * values / values.abs().max().clamp_min(1e-9)
                weights[name] = values * np.nan if kind == "nan" else huge
        path.write_bytes(pack(weights))
    said = f"{lost} of 81 points are not drawn: their numbers are not finite"
    for page, query in {
        "": {},
        "drift": {"map": "PCA", "arrows": "the optimizer's step"},
    }.items():
        app = opened(page, run=kind, **named(page, query)).run()
        assert app.exception == [] and app.error == []
        assert "map" in panels(app)
        if page == "drift":
            assert (said in captions(app)) == bool(lost)


FILLED: dict[str, Callable[[AppTest], Any]] = {
    "positions": lambda app: app.segmented_control(key="drift.table").set_value("positions"),
    "space": lambda app: app.segmented_control(key="drift.axes").set_value("3-D"),
    "channel": lambda app: app.selectbox(key="drift.colour").set_value("a channel"),
    "updates": lambda app: app.selectbox(key="drift.colour").set_value("updates so far"),
    "trails": lambda app: app.selectbox(key="drift.trails").set_value("neighbours changed most"),
    "pca": lambda app: app.selectbox(key="drift.map").set_value("PCA"),
    "axis": lambda app: app.selectbox(key="drift.map").set_value("Axis between two sets"),
}


@pytest.mark.parametrize("fill", FILLED.values(), ids=FILLED)
def test_every_widget_can_be_used_twice(fill: Callable[[AppTest], Any]) -> None:
    app = drift_page(map="PCA")
    for _ in range(2):
        fill(app).run()
        assert app.exception == []
        assert app.error == []


def test_an_axis_without_an_end_is_pca_and_says_so() -> None:
    app = drift_page(map="Axis between two sets")
    app.multiselect(key="drift.to").set_value([]).run()
    assert app.exception == []
    assert "choose tokens for both ends" in captions(app)


def test_what_cannot_be_laid_out_is_said_and_pca_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runs"
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(folder))
    run = recorded_run(folder / "fox")
    MapFile(run.path, MapConfig()).folder.mkdir()
    MapFile(run.path, MapConfig()).write_status("failed", words="nothing to map here")
    app = opened("drift", run="fox")
    assert "nothing to map here" in captions(app)
    assert "PCA, one basis" in captions(app)
    assert [b.label for b in app.button if b.label == "Try again"] == ["Try again"]


def test_a_map_whose_folder_cannot_be_written_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    run = recorded_run(tmp_path / "fox")
    file = MapFile(run.path, MapConfig())
    file.folder.mkdir()
    file.write_status("failed", words="nothing to map here")

    def full(_: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    app = opened("drift", run="fox")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", full)
        press(app, "Try again")
    assert [box.value for box in app.error] == [
        plain(
            "The runs folder cannot be written: Read-only file system. "
            "Check the runs folder and its disk."
        )
    ]


def test_selected_tokens_are_in_the_address_and_on_every_page() -> None:
    app = drift_page(tokens="3.5.999", token="4")
    assert app.multiselect(key="tokens").value == [3, 5]
    assert app.query_params["tokens"] == "3.5"
    go_to(app, "tables")
    assert app.query_params["tokens"] == "3.5"
    assert go_to(app, "drift").multiselect(key="tokens").value == [3, 5]
