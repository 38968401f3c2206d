"""What if on the Tables page: every change, what it says, and that no file changes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model_core.runs import Run
from tests.support.pages import SHIPPED, opened, panels, words
from tests.support.runs import recorded_run, tree

PANELS = {"losses", "next", "head-before", "head-after"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("what-if") / "runs"
    recorded_run(folder / "flat", n_layer=0)
    recorded_run(folder / "boom", learning_rate=1e6, norm="none")  # weights become NaN
    (recorded_run(folder / "bare").path / "text.txt").unlink()
    return folder


@pytest.fixture(autouse=True)
def _runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))


def view(change: str = "No positions", **query: str) -> AppTest:
    return opened("tables", **{"tables.view": "What if", "tables.whatif": change} | query)


def loss_without_positions(run: Run, step: int) -> float:
    model = run.model_at(step)
    with torch.no_grad():
        model.position_embedding_table.weight = torch.nn.Parameter(
            torch.zeros_like(model.position_embedding_table.weight)
        )
        return float(model(*run.validation_windows())[1])


@pytest.mark.parametrize("step", [0, 1000])
def test_the_loss_without_positions_is_that_of_such_a_model_at_the_settled_step(step: int) -> None:
    app = view(step=str(step))
    known = loss_without_positions(SHIPPED, step)
    with torch.no_grad():
        before = float(SHIPPED.model_at(step)(*SHIPPED.validation_windows())[1])
    assert panels(app)["losses"]["title"] == (
        f"Without positions the loss is {known:.3g} instead of {before:.3g} nats at step {step:,}"
    )


def test_every_change_is_made_more_than_once_and_no_file_of_the_run_changes() -> None:
    files = tree(SHIPPED.path)
    app = view()
    kinds = ("Positions shuffled", "Two tokens swapped", "One number changed", "No positions") * 2
    begins = {"Positions shuffled": "With positions shuffled", "No positions": "Without positions"}
    for kind in kinds:
        app.segmented_control(key="tables.whatif").set_value(kind).run()
        assert not app.exception and set(panels(app)) == PANELS and words(app) == []
        assert panels(app)["losses"]["title"].startswith(begins.get(kind, "With "))
    assert tree(SHIPPED.path) == files


def test_one_number_of_a_token_or_a_position_says_what_it_was() -> None:
    app = view("One number changed", **{"tables.edit.channel": "3"})
    token = SHIPPED.tokenizer.encode("Q")[0]
    was = SHIPPED.token_embeddings()[-1, token, 3]
    assert panels(app)["losses"]["title"].startswith("With channel 3 of 'Q' at 0 the loss is")
    assert panels(app)["losses"]["title"].endswith(f"; it was {was:.3g}")
    app.segmented_control(key="tables.edit.table").set_value("position").run()
    for position in (7, 12):
        app.selectbox(key="tables.edit.row").set_value(position).run()
        was = SHIPPED.position_embeddings()[-1, position, 3]
        assert panels(app)["losses"]["title"].endswith(f"; it was {was:.3g}")
        assert f"channel 3 of position {position} at 0" in panels(app)["losses"]["title"]
    app.number_input(key="tables.edit.value").set_value(float(was)).run()
    assert panels(app)["head-after"]["title"].endswith("0% of its attention moved, of all heads 0%")


def test_two_tokens_swapped_are_the_ones_chosen() -> None:
    app = view("Two tokens swapped")
    for one, other in (("k", "c"), ("o", "x")):
        app.selectbox(key="tables.swap.one").set_value(SHIPPED.tokenizer.encode(one)[0])
        app.selectbox(key="tables.swap.other").set_value(SHIPPED.tokenizer.encode(other)[0]).run()
        assert panels(app)["losses"]["title"].startswith(f"With '{one}' and '{other}' swapped")


def test_what_cannot_be_measured_is_left_out_or_said(made: Path) -> None:
    assert set(panels(view(run="flat", text="the"))) == {"losses", "next"}
    app = view(run="bare", text="the")
    assert set(panels(app)) == PANELS - {"losses"}
    assert words(app)[0].startswith("The loss cannot be measured")
    last = str(Run.open(made / "boom").steps[-1])
    app = view(run="boom", text="the", step=last)
    assert set(panels(app)) == PANELS
    titles = " ".join(panel["title"] for panel in panels(app).values())
    assert "the loss is not finite" in titles and "nan" not in titles.lower()
    assert np.isfinite(SHIPPED.token_embeddings()).all()
