"""Layer by layer in Streamlit's own test harness: what is drawn, told and kept."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from model_core.model import part_names
from model_core.normalization import norm_statistics
from model_core.taps import tapped
from tests.conftest import recorded_run
from tests.test_attending import FOX, panels
from tests.test_pages import SHIPPED, go_to, opened

PARTS = {  # what a part draws
    "Size": {"std", "stream", "mean"},
    "Distribution": {"quantiles-in", "quantiles-normalized", "quantiles-out"},
    "Gain and shift": {"gamma", "beta"},
    "Gradients, silent units": {"gradients", "units"},
    "One token": {"std", "stream", "tokens-before", "tokens-after"},
    "Two norms": {"histogram-in", "histogram-out"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder, for reading only."""
    folder = tmp_path_factory.mktemp("normalizing") / "runs"
    recorded_run(folder / "flat", n_layer=0)
    recorded_run(folder / "plain", norm="none", learning_rate=1e6)  # weights become NaN
    recorded_run(folder / "batch", norm="batch", norm_position="post")
    return folder


@pytest.fixture(autouse=True)
def _runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))


def layers(part: str, **query: str) -> AppTest:
    return go_to(opened(**{"run": SHIPPED.name, "part": part} | query), "normalization")


def switch(app: AppTest, part: str) -> AppTest:
    app.segmented_control(key="part").set_value(part).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("run", [SHIPPED.name, "flat", "plain", "batch"])
def test_every_part_is_drawn_and_told_for_any_run(run: str) -> None:
    app = layers("Size", run=run, text="Quick")
    for _ in range(2):  # a first click can work by accident
        for part, expected in PARTS.items():
            shown = set(panels(switch(app, part)))
            assert shown <= expected
            if run == SHIPPED.name:
                assert shown == expected
                assert "layer** norm, **pre** position" in app.caption[0].value
                assert app.dataframe


def test_the_tables_hold_the_statistics_of_the_settled_step() -> None:
    app = layers("Size", step="3")
    expected = norm_statistics(SHIPPED.model_at(3), torch.tensor([SHIPPED.tokenizer.encode(FOX)]))
    table = app.dataframe[0].value
    assert table["norm"].tolist() == expected["norm"].tolist()
    for told, column in (("before", "in"), ("after", "out")):
        for what in ("mean", "std"):
            np.testing.assert_allclose(
                table[f"{what} {told}"], expected[f"{what}_{column}"], atol=1e-5
            )


def test_gradients_are_those_recorded_at_the_settled_step() -> None:
    table = layers("Gradients, silent units", step="3").dataframe[0].value
    assert table["part"].tolist() == list(part_names(SHIPPED.model_config))
    at = SHIPPED.steps.tolist().index(3)
    np.testing.assert_allclose(table["gradient"], SHIPPED.gradient_norms()[at])
    assert math.hypot(*table["gradient"]) == pytest.approx(
        SHIPPED.metrics()["grad_norm"][at], rel=1e-6
    )


def test_a_run_without_recorded_gradients_says_so(made: Path, tmp_path: Path) -> None:
    lines = (made / "batch" / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    old = Path(shutil.copytree(made / "batch", made / "old"))
    kept = [{name: value for name, value in row.items() if name != "grad_norms"} for row in rows]
    (old / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept))
    app = layers("Gradients, silent units", run="old", text="Quick")
    assert "recorded without the gradients of its parts" in app.caption[0].value
    assert set(panels(app)) == {"units"}


def test_the_token_followed_is_the_one_chosen_anywhere() -> None:
    app = layers("One token", pair="6")
    assert "The token 'b' at 6 is followed" in app.caption[0].value
    assert panels(app)["std"]["title"] == "'b' at 6: spread"
    assert "'b' at 6" in app.dataframe[1].value


def test_two_norms_are_compared_by_all_their_activations() -> None:
    app = layers("Two norms", step="5", **{"one norm": "blocks.0.ln2"})
    assert app.selectbox(key="another norm").value == "ln_f"
    app.selectbox(key="another norm").set_value("blocks.1.ln1").run()
    table = app.dataframe[0].value.set_index("norm")
    ids = torch.tensor([SHIPPED.tokenizer.encode(FOX)])
    model = SHIPPED.model_at(5)
    with torch.no_grad(), tapped(model, "blocks.*.ln*", "blocks.*.ln*:in") as seen:
        model(ids)
    for name in ("blocks.0.ln2", "blocks.1.ln1"):
        for side, place in (("before", f"{name}:in"), ("after", name)):
            assert table.loc[name, f"mean {side}"] == pytest.approx(
                seen[place].mean().item(), abs=1e-5
            )
            expected = seen[place].std(correction=0).item()
            assert table.loc[name, f"std {side}"] == pytest.approx(expected, rel=1e-5)


def test_scales_are_those_of_all_pictures_of_a_kind_or_of_each_step() -> None:
    app = layers("Distribution")
    assert len(scales(app)) == 1
    app.toggle(key="scales").set_value(True).run()
    assert len(scales(app)) > 1


def scales(app: AppTest) -> set[tuple[float, float]]:
    """The different ranges of the panels' vertical axes."""
    figures = [json.loads(panel["figure"]) for panel in panels(app).values()]
    return {tuple(figure["layout"]["yaxis"]["range"]) for figure in figures}
