"""The view Follow one vector, in Streamlit's own test harness."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from streamlit.testing.v1 import AppTest

from explorer.views.tables.follow_one_vector import verdicts
from explorer.visit.runs import RECORDED
from model_core.embeddings.counts import frequency
from model_core.embeddings.ways import way
from model_core.runs import Run
from model_core.runs.status import read_status
from tests.support.pages import (
    SHIPPED,
    captions,
    drawn,
    go_to,
    opened,
    panels,
    press,
    succeeded,
    words,
)
from tests.support.runs import recorded_run
from tests.support.waiting import wait_until

K = SHIPPED.tokenizer.encode("k")[0]
FOLLOWED = {"tables.view": "Follow one vector"}


def follow(**query: str) -> AppTest:
    return go_to(opened(**FOLLOWED | query), "tables")


def moving(app: AppTest, key: str, path: str) -> np.ndarray:
    """What the page gave the clock for a panel: at every step, as the browser gets it."""
    header, arrays = drawn(app)
    (panel,) = (one for one in header["panels"] if one["key"] == key)
    (entry,) = (one for one in panel["moving"] if one["path"] == path)
    return arrays[entry["array"]]


def across(app: AppTest, key: str) -> dict[str, Any]:
    """The horizontal axis of a panel."""
    return json.loads(panels(app)[key]["figure"])["layout"]["xaxis"]


def titles(app: AppTest) -> dict[str, str]:
    return {key: panel["title"] for key, panel in panels(app).items()}


@pytest.fixture(scope="module")
def of_k() -> AppTest:
    return follow()


def test_k_is_followed_at_first_and_its_numbers_are_those_of_the_run(of_k: AppTest) -> None:
    rows = SHIPPED.token_embeddings()[:, K].astype(np.float64)
    assert list(panels(of_k)) == [
        "components",
        "channels",
        "way",
        "turn",
        "neighbours",
        "biography",
    ]
    np.testing.assert_array_equal(moving(of_k, "components", "6.y"), rows.astype(np.float32))
    far = np.linalg.norm(rows - rows[0], axis=1)
    long = np.concatenate([[0], np.linalg.norm(np.diff(rows, axis=0), axis=1).cumsum()])
    np.testing.assert_allclose(moving(of_k, "way", "3.y"), np.stack([long, far], 1), rtol=1e-6)
    near = int(np.flatnonzero(far <= far[-1] / 2)[-1])
    title = f"'k' has moved {far[-1]:.3g} from where it began, "
    assert (
        titles(of_k)["components"] == f"{title}most of it before step {SHIPPED.steps[near + 1]:,}"
    )
    assert titles(of_k)["way"] == f"A path of {long[-1]:.3g} led {far[-1]:.3g} away"


def test_the_map_is_two_channels_as_they_are_and_the_way_through_them(of_k: AppTest) -> None:
    table = SHIPPED.token_embeddings()
    for axis, channel in (("x", 0), ("y", 1)):
        np.testing.assert_array_equal(moving(of_k, "channels", f"0.{axis}"), table[:, :, channel])
    app = follow()
    for channel in (3, 4):
        succeeded(app.number_input(key="tables.follow.across").set_value(channel).run())
        np.testing.assert_array_equal(moving(app, "channels", "0.x"), table[:, :, channel])
        assert titles(app)["channels"] == f"Channel {channel} × channel 1"


def test_the_nearest_are_those_of_scipy(of_k: AppTest) -> None:
    last = SHIPPED.token_embeddings()[-1].astype(np.float64)
    labels = [token.replace(" ", "␣") for token in SHIPPED.tokenizer.tokens]
    nearest = [
        labels[np.argsort(cdist(last[[K]], last, by)[0])[1]] for by in ("cosine", "euclidean")
    ]
    first = panels(of_k)["neighbours"]["texts"][-1].splitlines()[1].split()
    assert first[::2] == nearest


def test_a_row_is_chosen_by_its_widget_by_a_click_and_by_the_address() -> None:
    app = follow(token="5")
    assert app.selectbox(key="tables.follow.token").value == 5
    for token in (7, K):
        succeeded(app.selectbox(key="tables.follow.token").set_value(token).run())
        assert app.query_params["token"] == str(token)
        np.testing.assert_array_equal(
            moving(app, "components", "6.y"), SHIPPED.token_embeddings()[:, token]
        )
    succeeded(app.segmented_control(key="tables.follow.table").set_value("positions").run())
    assert app.selectbox(key="tables.follow.position").value == 4
    assert titles(app)["neighbours"] == "Nearest to position 4, in all channels"
    succeeded(app.selectbox(key="tables.follow.position").set_value(9).run())
    np.testing.assert_array_equal(
        moving(app, "components", "6.y"), SHIPPED.position_embeddings()[:, 9]
    )
    assert "pair" in app.query_params


def test_steps_are_labelled_with_their_epochs_on_demand() -> None:
    app = follow()
    epochs = [f"{epoch:.3g}" for epoch in SHIPPED.metrics()["epoch"]]
    for axis, labels in (("epochs", epochs), ("steps", [f"{step:,}" for step in SHIPPED.steps])):
        succeeded(app.segmented_control(key="tables.follow.axis").set_value(axis).run())
        for key in ("components", "way", "turn"):
            drawn = across(app, key)
            assert drawn["ticktext"] == [labels[int(tick)] for tick in drawn["tickvals"]]
            assert axis[:-1] in drawn["title"]["text"]


def test_a_token_that_is_in_no_batch_is_flagged(of_k: AppTest) -> None:
    run = Run.open(RECORDED / "english")
    never = int(np.flatnonzero(frequency(run) == 0)[0])
    (said,) = words(follow(run="english", token=str(never)))
    assert said.endswith("its row had no gradient; its row is as drawn at first.")
    assert not words(of_k)


@pytest.mark.parametrize(
    ("vectors", "updates", "said"),
    [
        ([[1.0], [1.0]], None, "Position 3 is never updated: its row is as drawn at first."),
        ([[1.0], [0.9]], [0, 0], "only weight decay moves it."),
        ([[1.0], [1.0]], [0, 2], "never updated"),
        ([[1.0], [2.0]], [0, 2], ""),
        ([[1.0]], None, ""),
    ],
)
def test_why_a_row_does_not_learn(vectors: Any, updates: Any, said: str) -> None:
    found = way(np.array(vectors))
    counts = None if updates is None else np.array(updates)
    words = verdicts.of_stillness("position 3", found, counts, np.arange(len(vectors)))
    assert said in words and bool(said) == bool(words)


@pytest.mark.parametrize(
    ("vectors", "distance", "turns"),
    [
        (
            [[0.0], [1], [2], [3]],
            "3 from where it began, most of it before step 20",
            "keeps its direction",
        ),
        (
            [[0.0], [1], [0], [1]],
            "1 from where it began, most of it before step 30",
            "reverses",
        ),
        (
            [[0.0, 0], [1, 0], [1, 1]],
            "most of it before step 10",
            "changes its direction: mean cosine 0.00",
        ),
        ([[1.0], [1]], "has not moved by step 10", "No turns"),
        ([[1.0], [np.inf]], "is no vector of numbers any more at step 10", "No turns"),
    ],
)
def test_verdicts_say_what_a_way_is(vectors: Any, distance: str, turns: str) -> None:
    found, steps = way(np.array(vectors)), 10 * np.arange(len(vectors))
    assert distance in verdicts.of_distance("'k'", found, steps)
    assert turns in verdicts.of_turns(found)


# ---- one training step as numbers ---------------------------------------------------------------


def table_with(app: AppTest, column: str) -> pd.DataFrame:
    (found,) = (one.value for one in app.dataframe if column in one.value)
    return found


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run of the visitor's own, made on this machine: its bits can be made again."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRIFTSCOPE_RUNS", str(folder))
        yield recorded_run(folder / "mine", grad_clip=0.3, weight_decay=0.1, learning_rate=0.01)


@pytest.mark.parametrize("table", ["tokens", "positions"])
def test_the_numbers_of_a_step_add_up_to_the_next_recorded_row(own: Run, table: str) -> None:
    app = follow(run="mine", step="1", token=str(K), **{"tables.follow.table": table})
    if again := [one for one in app.button if "again" in one.label]:  # a busy machine
        succeeded(again[0].click().run())
    rows = own.token_embeddings() if table == "tokens" else own.position_embeddings()
    before, after = rows[1:3, K if table == "tokens" else 4]
    assert own.steps[1:3].tolist() == [1, 2]
    numbers = table_with(app, "m unbiased")
    np.testing.assert_allclose(numbers["row"], before, atol=1e-12)
    np.testing.assert_allclose(numbers["recorded"], after, atol=1e-12)
    np.testing.assert_allclose(numbers["new row"], after, atol=1e-6)
    norm = own.metrics()["grad_norm"][1]
    np.testing.assert_allclose(numbers["clipped"], numbers["gradient"] * 0.3 / norm, rtol=1e-4)
    moved = numbers["m unbiased"] / (np.sqrt(numbers["v unbiased"]) + 1e-8)
    np.testing.assert_allclose(before * (1 - 0.01 * 0.1) - 0.01 * moved, after, atol=1e-6)
    order = next(one.value for one in app.markdown if one.value.startswith("1. "))
    assert "that of step 2 is recorded" in order and "weight decay 0.1, t = 2" in order
    assert f"at 0.3: every gradient times {0.3 / (norm + 1e-6):.4g}" in order


def test_the_windows_of_a_batch_cost_on_the_mean_what_was_recorded_as_its_loss() -> None:
    app = follow(step="44")
    windows = table_with(app, "begins at")
    loss = SHIPPED.metrics().set_index("step")["train_loss"][44]
    np.testing.assert_allclose(windows["loss"].mean(), loss, rtol=1e-6)
    text = SHIPPED.text.replace(" ", "␣")
    for begins, window, count in windows[["begins at", "window", "looked up"]].to_numpy():
        assert window == text[begins : begins + 42] and count == window[:-1].count("k")
    order = next(one.value for one in app.markdown if one.value.startswith("1. "))
    assert f"looked up {windows['looked up'].sum():,} times" in order
    assert "this step's update added is recorded" in order, "step 45 is not recorded"


def test_what_cannot_be_worked_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No gradient is recorded at this step" in captions(follow(run="exploding", step="7"))
    shutil.copytree(SHIPPED.path, tmp_path / "textless")
    (tmp_path / "textless" / "text.txt").unlink()
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    app = follow(run="textless", step="43")
    said = captions(app).replace("\\", "")
    assert "cannot be worked out: text.txt of run textless is missing" in said
    numbers = table_with(app, "move")
    assert "m" not in numbers and numbers["difference"].abs().max() == 0


def test_steps_between_the_recorded_ones_are_recorded_on_demand(own: Run) -> None:
    app = follow(run="mine", step="5")
    first, last = (app.number_input(key=f"tables.follow.{end}") for end in ("first", "last"))
    assert (first.value, last.value) == (0, 30)
    first.set_value(5)
    succeeded(last.set_value(12).run())
    new = sorted(set(range(5, 13)) - set(own.steps))
    press(app, f"Record {len(new)} steps more")
    wait_until(lambda: read_status(own.path).state == "finished")
    assert set(Run.open(own.path).steps) == {*own.steps, *new}
    assert not read_status(own.path).words
    assert "Every one of them is recorded." in captions(succeeded(app.run()))
    succeeded(app.number_input(key="tables.follow.first").set_value(13).run())
    (said,) = words(app)
    assert said == "steps must ascend within 0 and 30, got 13 to 12"


def test_a_run_that_comes_with_the_app_stays_as_it_is(of_k: AppTest) -> None:
    assert "stay as they are" in captions(of_k)
