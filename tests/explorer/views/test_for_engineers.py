"""For engineers in Streamlit's own test harness: what is drawn, told and kept."""

import base64
import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from explorer.views.normalization.for_engineers.whole import SERIES as WHOLE
from explorer.views.normalization.for_engineers.whole import _column
from explorer.visit.export import File
from explorer.visit.runs import run_path
from model_core.anatomy import short
from model_core.normalization import part_sites, read_distributions, read_layers
from model_core.norms import NORMS
from model_core.runs import Run
from model_core.taps import tapped
from tests.support.pages import FOX, SHIPPED, drawn, opened, panels
from tests.support.runs import recorded_run

LAB = {"normalization.lab": "For engineers"}
PARTS = {  # what a part draws
    "Whole model": {"model"},
    "Distribution": {"quantiles-in", "quantiles-normalized", "quantiles-out"},
    "Gain and shift": {"gamma", "beta"},
    "Units": {"units"},
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
    return opened(
        "normalization", **{"run": SHIPPED.name} | LAB | {"normalization.part": part} | query
    )


def switch(app: AppTest, part: str) -> AppTest:
    app.segmented_control(key="normalization.part").set_value(part).run()
    assert not app.exception
    return app


def moving(app: AppTest, key: str, path: str) -> np.ndarray:
    """What a panel moves with the steps (S, ...)."""
    header, arrays = drawn(app)
    panel = next(one for one in header["panels"] if one["key"] == key)
    (place,) = (entry["array"] for entry in panel["moving"] if entry["path"] == path)
    return arrays[place]


def read(sight: Callable[..., dict[str, Tensor]], step: int) -> dict[str, np.ndarray]:
    """What a sight sees of the shipped sentence with the model of one step."""
    ids = torch.tensor(SHIPPED.tokenizer.encode(FOX))
    with torch.no_grad():
        return {name: value.numpy() for name, value in sight(SHIPPED.model_at(step), ids).items()}


WITHOUT = {  # what a run lacks
    SHIPPED.name: set(),
    "flat": {"units"},  # no blocks
    "plain": {"gamma", "beta"},  # no norm
    "batch": set(),
}


@pytest.mark.parametrize(("run", "lacks"), WITHOUT.items(), ids=WITHOUT)
def test_every_part_is_drawn_and_told_for_any_run(run: str, lacks: set[str]) -> None:
    app = layers("Whole model", run=run, text="Quick")
    for _ in range(2):  # a first click can work by accident
        for part, expected in PARTS.items():
            assert set(panels(switch(app, part))) == expected - lacks
            config = Run.open(run_path(run)).model_config
            assert app.caption[0].value.startswith(f"This model: **{NORMS[config.norm].title}**")


def parts(app: AppTest) -> pd.DataFrame:
    """The table of the settled step, by part."""
    return app.dataframe[0].value.set_index("part")


def test_the_chart_along_the_model_has_what_the_model_puts_out() -> None:
    """Every series that a part has, read by hooks."""
    app, config = layers("Whole model", step="3"), SHIPPED.model_config
    model, told = SHIPPED.model_at(3), parts(app)
    sites = {short(site): site for site in part_sites(config, model.anatomy).values()}
    sites["embedding"] = sites.pop("blocks:in")
    around = [f"{name}:in" for name in model.anatomy.norms]
    with torch.no_grad(), tapped(model, *sites.values(), *around) as seen:
        model(torch.tensor([SHIPPED.tokenizer.encode(FOX)]))
    for name, site in sites.items():
        assert told.loc[name, "largest |x|"] == pytest.approx(
            seen[site].abs().max().item(), rel=1e-4
        )
        assert told.loc[name, "NaN count"] == 0
    for name in ("0.ln1", "1.ln2", "ln_f"):
        full = name if name == "ln_f" else f"blocks.{name}"
        for side, x in (("before", seen[f"{full}:in"]), ("after", seen[full])):
            expected = x.std(-1, correction=0).mean().item()
            assert told.loc[name, f"std {side}"] == pytest.approx(expected, rel=1e-4)
            assert told.loc[name, f"mean {side}"] == pytest.approx(x.mean().item(), abs=1e-5)
    length = seen["blocks.1.resid_mid"].norm(dim=-1)
    drawn_there = told.loc["1.resid_mid", ["stream max", "stream mean", "stream min"]].astype(float)
    np.testing.assert_allclose(drawn_there, [length.max(), length.mean(), length.min()], rtol=1e-4)
    assert told.loc["1.resid_mid", ["std before", "gradient"]].isna().all()


def test_the_table_tells_nan_from_a_number_that_a_part_has_not(made: Path) -> None:
    run = Run.open(made / "plain")
    app = layers("Whole model", run="plain", step=str(run.steps[-1]))
    told = parts(app)
    assert told.loc["ln_f", "std before"] in ("NaN", "infinite")
    assert told.loc["lm_head", "largest |x|"] == "NaN"
    assert told["std before"].isna().sum() == len(told) - len(run.anatomy.norms)
    first = parts(layers("Whole model", run="plain", step="0"))
    assert first["std before"].dtype.kind == "f"


def test_a_column_with_nan_keeps_its_numbers_in_a_file() -> None:
    column = _column(
        np.ma.array([-1.5, np.nan, -np.inf, 0], np.float32, mask=[False, False, False, True])
    )
    file = File("r", "parts", None).filled(pd.DataFrame({"x": column}))
    assert file.decode().split() == ["run,x", "r,-1.5", "r,NaN", "r,infinite", "r,"]


def test_a_chip_adds_its_series_and_the_picture_is_never_empty() -> None:
    app = layers("Whole model")
    at = SHIPPED.steps.tolist().index(3)
    chips = next(one for one in app.button_group if one.key == "normalization.series")
    chips.set_value([WHOLE.index("gradient")]).run()
    grad = moving(app, "model", "0.y")[at]
    norms = SHIPPED.gradient_norms()[at]
    assert grad[:2].tolist() == norms[:2].tolist() and grad[-2:].tolist() == norms[-2:].tolist()
    next(one for one in app.button_group if one.key == "normalization.series").set_value([]).run()
    figure = json.loads(panels(app)["model"]["figure"])
    assert figure["data"][0]["name"] == "largest |x|"


def test_the_first_part_out_of_bounds_is_named_and_framed(made: Path) -> None:
    run = Run.open(made / "plain")
    app = layers("Whole model", run="plain", text="Quick")
    ids = torch.tensor([run.tokenizer.encode("Quick")])
    sites = part_sites(run.model_config, run.anatomy)
    for step in run.steps:
        with torch.no_grad(), tapped(model := run.model_at(int(step)), *sites.values()) as seen:
            model(ids)
        over = [not (seen[site].abs() <= 1000).all() for site in sites.values()]
        if any(over):
            break
    name = list(sites)[over.index(True)]
    title = panels(app)["model"]["title"]
    assert title.lower().startswith(f"{name} is the first part ".lower())
    assert title.endswith(f", at step {step:,}")
    shapes = json.loads(panels(app)["model"]["figure"])["layout"]["shapes"]
    assert shapes[-1]["x0"] == 2 + over.index(True) - 0.5  # after both tables
    with torch.no_grad():
        logits, _ = run.model_at(int(run.steps[-1]))(ids)
    assert not logits.isfinite().all()
    assert np.isfinite(moving(app, "model", "3.y")[-1, -1])  # "NaN" over the output layer


def test_where_nothing_is_out_of_bounds_the_largest_number_is_named() -> None:
    title = panels(layers("Whole model"))["model"]["title"]
    found = re.fullmatch(
        r"No part is above 1,000: the largest number is ([\d.]+), from the output layer at step "
        r"([\d,]+)",
        title,
    )
    assert found
    model = SHIPPED.model_at(int(found[2].replace(",", "")))
    with torch.no_grad():
        logits, _ = model(torch.tensor([SHIPPED.tokenizer.encode(FOX)]))
    assert float(found[1]) == pytest.approx(logits.abs().max().item(), rel=5e-3)


def test_distributions_gains_and_units_are_those_of_the_step() -> None:
    app = layers("Distribution")
    at, seen = SHIPPED.steps.tolist().index(3), read(read_distributions, 3)
    for side in ("in", "normalized", "out"):
        told = moving(app, f"quantiles-{side}", "0.y")[at].reshape(5, 3)[:, :2]
        expected = seen[f"quantiles_{side}"][:, [0, -1]]
        np.testing.assert_allclose(told, expected, rtol=1e-4, atol=1e-5)
    switch(app, "Gain and shift")
    for name in ("gamma", "beta"):
        told = moving(app, name, "3.y")[at]
        np.testing.assert_allclose(told, seen[name][:, 3], rtol=1e-5, atol=1e-7)
    switch(app, "Units")
    units = read(read_layers, 3)
    for number, name in enumerate(("silent", "off")):
        np.testing.assert_allclose(moving(app, "units", f"{number}.y")[at], units[name], rtol=1e-5)


def test_gradients_are_those_recorded_at_the_settled_step() -> None:
    told = parts(layers("Whole model", step="3"))["gradient"].dropna()
    at = SHIPPED.steps.tolist().index(3)
    assert len(told) == len(SHIPPED.anatomy.parts)
    np.testing.assert_allclose(told, SHIPPED.gradient_norms()[at])
    assert math.hypot(*told) == pytest.approx(SHIPPED.metrics()["grad_norm"][at], rel=1e-6)


def test_a_run_without_recorded_gradients_says_so(made: Path, tmp_path: Path) -> None:
    lines = (made / "batch" / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    old = Path(shutil.copytree(made / "batch", made / "old"))
    kept = [{name: value for name, value in row.items() if name != "grad_norms"} for row in rows]
    (old / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept))
    app = layers("Whole model", run="old", text="Quick")
    assert "recorded without the gradients of its parts" in app.caption[0].value


def test_the_token_followed_is_the_one_chosen_anywhere() -> None:
    app = layers("One token", pair="6")
    assert "Plotted: the token 'b' at 6" in app.caption[0].value
    assert panels(app)["std"]["title"] == "'b' at 6: spread"
    seen = read(read_layers, 3)
    at = SHIPPED.steps.tolist().index(3)
    told = [moving(app, key, "0.y")[at] for key in ("std", "stream")]
    np.testing.assert_allclose(told[0], seen["std_in"][:, 6], rtol=1e-4)
    np.testing.assert_allclose(told[1], seen["stream"][:, 6], rtol=1e-4)
    grid = moving(app, "tokens-after", "0.customdata")[at]
    np.testing.assert_allclose(grid, seen["std_out"].T, rtol=1e-4)
    assert "'b' at 6" in app.dataframe[1].value


def test_two_norms_are_compared_by_all_their_activations() -> None:
    app = layers("Two norms", step="5", **{"normalization.first": "blocks.0.ln2"})
    assert app.selectbox(key="normalization.second").value == "ln_f"
    app.selectbox(key="normalization.second").set_value("blocks.1.ln1").run()
    table = app.dataframe[0].value.set_index("norm")
    ids = torch.tensor([SHIPPED.tokenizer.encode(FOX)])
    model = SHIPPED.model_at(5)
    with torch.no_grad(), tapped(model, "blocks.*.ln*", "blocks.*.ln*:in") as seen:
        model(ids)
    for name in ("blocks.0.ln2", "blocks.1.ln1"):
        for side, place in (("before", f"{name}:in"), ("after", name)):
            expected = [seen[place].mean().item(), seen[place].std(correction=0).item()]
            told = table.loc[name, [f"mean {side}", f"std {side}"]].astype(float)
            np.testing.assert_allclose(told, expected, rtol=1e-5, atol=1e-5)
    at = SHIPPED.steps.tolist().index(5)
    for side, place in (("in", "blocks.0.ln2:in"), ("out", "blocks.0.ln2")):
        figure = json.loads(panels(app)[f"histogram-{side}"]["figure"])
        x = figure["data"][0]["x"]
        edges = np.frombuffer(base64.b64decode(x["bdata"]), x["dtype"])[::2].astype(float)
        shares = np.histogram(seen[place], edges)[0] / seen[place].numel()
        heights = moving(app, f"histogram-{side}", "0.y")[at]
        np.testing.assert_allclose(heights[1:-1:2], shares, atol=1 / seen[place].numel())


def test_scales_are_those_of_all_pictures_of_a_kind_or_of_each_step() -> None:
    app = layers("Distribution")
    assert len(scales(app)) == 1
    app.toggle(key="normalization.scales").set_value(True).run()
    assert len(scales(app)) > 1


def scales(app: AppTest) -> set[tuple[float, float]]:
    """The different ranges of the panels' vertical axes."""
    figures = [json.loads(panel["figure"]) for panel in panels(app).values()]
    return {tuple(figure["layout"]["yaxis"]["range"]) for figure in figures}
