"""What NORMS says of each norm, against what its module does; DyT wherever a norm appears."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from explorer.charts.normalization.variants import COLOURS
from explorer.views.lessons.norms import NORM_WORDS
from model_core.norm_modules import DyT, NormModule, before_gain, norm_module
from model_core.normalization import (
    QUANTILES,
    normalized_cell,
    read_distributions,
    running_after,
    shares,
    undo,
)
from model_core.normalization.worked import worked
from model_core.norms import KINDS, LEARNED, NORMS, NormKind
from model_core.runs import Run
from model_core.runs.status import Status, read_status, write_request
from model_core.training import loop
from model_core.training.loop import train
from model_core.training.turns import only_trainer
from model_core.training.variants import VARIANTS
from tests.support.norms import HAS
from tests.support.pages import captions, go_to, opened, panels
from tests.support.refusals import refusal
from tests.support.runs import history, new_run, recorded_run

Lab: TypeAlias = Callable[..., AppTest]
kinds = pytest.mark.parametrize("kind", KINDS)
SHAPE = (2, 3, 4)  # (B, T, C)
X = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def module(kind: NormKind) -> NormModule:
    """A new norm in training mode, in float64."""
    return norm_module(kind, SHAPE[-1]).double().train()


def changed(kind: NormKind, x: Tensor, other: Tensor) -> np.ndarray:
    """Where what a norm makes of two blocks differs: (B, T, C)."""
    with torch.no_grad():
        one, two = before_gain(module(kind), x), before_gain(module(kind), other)
    return (~torch.isclose(one, two, rtol=0, atol=1e-9)).numpy()


def test_every_kind_has_a_value_words_and_a_colour_of_its_own() -> None:
    assert tuple(NORMS) == KINDS == tuple(NORM_WORDS) == tuple(COLOURS)
    assert len({norm.title for norm in NORMS.values()}) == len(KINDS) == len(set(COLOURS.values()))


@kinds
def test_a_number_moves_exactly_those_that_share_with_it(kind: NormKind) -> None:
    for cell in np.ndindex(SHAPE):
        other = X.clone()
        other[cell] += 1
        assert (changed(kind, X, other) == shares(kind, SHAPE, cell)).all()


@kinds
def test_what_centres_does_not_see_a_constant_added_to_all(kind: NormKind) -> None:
    assert changed(kind, X, X + 3).any() != NORMS[kind].centres


@kinds
def test_a_module_has_the_parameters_that_the_norm_learns(kind: NormKind) -> None:
    parameters = dict(module(kind).named_parameters())
    learned = {LEARNED[name].parameter: LEARNED[name] for name in NORMS[kind].learns}
    assert parameters.keys() == learned.keys() == HAS[kind].keys()
    for name, values in parameters.items():
        assert values.shape == ((SHAPE[-1],) if learned[name].per_channel else (1,))
        assert (values == learned[name].start).all() and learned[name].start == HAS[kind][name]


@kinds
def test_the_sizes_are_those_of_the_tensors(kind: NormKind) -> None:
    tensors = module(kind).state_dict()
    tensors.pop("num_batches_tracked", None)  # a count is not a number of the model
    assert NORMS[kind].sizes(SHAPE[-1]) == [value.numel() for value in tensors.values()]


# ---- DyT, where it is used -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder with one run of DyT, for reading only."""
    folder = tmp_path_factory.mktemp("dyt") / "runs"
    recorded_run(folder / "dyt", norm="dyt", learning_rate=0.05, snapshots=4)
    return folder


@pytest.fixture
def lab(made: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A view of the Normalization page with the run."""
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))

    def show(view: str, **query: str) -> AppTest:
        asked = {"run": "dyt", "text": "the fox", "lab": view} | query
        return go_to(opened(**asked), "normalization")

    return show


def dyt() -> DyT:
    """In float64, with parameters far from where they start."""
    found = norm_module("dyt", 4).double()
    assert isinstance(found, DyT)
    with torch.no_grad():
        found.weight.copy_(torch.tensor([1.0, 2.0, -0.5, 3.0]))
        found.bias.copy_(torch.tensor([0.0, 1.0, -1.0, 10.0]))
        found.alpha.fill_(0.25)
    return found


def test_dyt_by_hand() -> None:
    made = dyt()(torch.tensor([[0.0, 4.0, -4.0, 400.0]], dtype=torch.float64))
    assert made[0].tolist() == [0.0, 2 * math.tanh(1) + 1, 0.5 * math.tanh(1) - 1, 13.0]


def test_the_gradient_of_dyt_is_that_of_its_formula() -> None:
    norm, x = dyt(), X.clone().requires_grad_()
    assert torch.autograd.gradcheck(norm, x)
    norm(x).sum().backward()
    tanh = torch.tanh(0.25 * X)
    slope = norm.weight.detach() * (1 - tanh**2)  # of the result by α·x
    assert x.grad is not None and norm.alpha.grad is not None and norm.weight.grad is not None
    torch.testing.assert_close(x.grad, 0.25 * slope)
    torch.testing.assert_close(norm.alpha.grad, (slope * X).sum()[None])
    torch.testing.assert_close(norm.weight.grad, tanh.sum((0, 1)))


def test_every_cell_equals_plain_torch() -> None:
    module, x = dyt(), X.numpy()
    gamma, beta = module.weight.detach().numpy(), module.bias.detach().numpy()
    wanted = module(X).detach().numpy()
    for cell in np.ndindex(SHAPE):
        learned = {"gamma": gamma[cell[2]], "beta": beta[cell[2]], "alpha": np.array(0.25)}
        found = normalized_cell("dyt", x, cell, learned)
        np.testing.assert_allclose(found.result, wanted[cell], rtol=0, atol=1e-14)


def test_its_gain_and_shift_cannot_undo_it_nor_can_it_have_running_averages() -> None:
    x = X[0].numpy()
    assert "choose batch, layer or rms" in refusal(undo, worked("dyt", x))
    assert "alpha must be one number" in refusal(worked, "dyt", x, alpha=np.ones(4))
    assert "only batch norm has" in refusal(worked, "dyt", x, running=running_after(x, 1))


def test_a_run_with_dyt_learns_alpha(made: Path) -> None:
    run = Run.open(made / "dyt")
    alphas = [run.model_at(int(step)).get_parameter("ln_f.alpha").item() for step in run.steps]
    assert alphas[0] == 0.5 and len(set(alphas)) == len(alphas)
    loss = run.metrics()["train_loss"]
    assert loss.iloc[-1] < loss.iloc[0]
    seen = read_distributions(run.model_at(int(run.steps[-1])), torch.tensor([1, 2, 3]))
    assert seen["alpha"][-1].tolist() == pytest.approx([alphas[-1]] * len(QUANTILES))


def test_a_run_with_dyt_stopped_and_resumed_ends_as_if_never_stopped(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "HEARTBEAT", 0)
    halved = new_run(tmp_path / "halved", norm="dyt", learning_rate=0.05, snapshots=4)

    def stop(status: Status) -> None:
        if status.state == "running" and status.step >= 10:
            write_request(halved, "stop")

    with only_trainer(halved):
        train(halved, watch=stop)
        assert read_status(halved).state == "stopped"
        stopped_at = f"{read_status(halved).step:08}.safetensors"
        write_request(halved, "run")
        train(halved)
    seen = history(halved)["snapshots"]
    seen.pop(stopped_at)
    assert seen == history(made / "dyt")["snapshots"]


def test_layer_by_layer_shows_the_input_scale(lab: Lab) -> None:
    app = lab("For engineers", part="Gain and shift")
    assert app.caption[0].value.startswith("This model: **DyT**, **pre** position.")
    assert panels(app).keys() == {"gamma", "beta", "alpha"}
    assert panels(app)["alpha"]["title"] == "Input scale alpha (0.5 at the start)"
    assert "which DyT does not set to 1" in captions(lab("For engineers", part="Whole model"))


def test_over_which_numbers_shows_that_it_pools_over_none(lab: Lab, made: Path) -> None:
    app = lab("What it does")
    lines = panels(app)["arithmetic"]["texts"][-1].splitlines()
    run = Run.open(made / "dyt")
    alpha = run.model_at(int(run.steps[-1])).get_parameter("blocks.0.ln1.alpha").item()
    assert lines[0] == "1 number: nothing is shared."
    assert lines[2] == "before gain and shift:" and lines[3].startswith(f"  tanh({alpha:.4g} × ")
    shown = app.dataframe[0].value.iloc[0]
    assert shown["numbers that share"] == 1 and shown["difference"] < 1e-12
    assert shown["before gain and shift"] == pytest.approx(math.tanh(alpha * shown.iloc[0]))


def test_nothing_leaks_through_it(lab: Lab) -> None:
    app = lab("Why not batch norm")
    moved = app.dataframe[0].value
    assert (moved["dyt: moved"] == 0).all() and (moved["batch, training: moved"] > 0).any()


def test_worked_examples_show_its_steps_and_torchs_tanh(lab: Lab) -> None:
    app = lab("Worked examples", worked="dyt", **{"worked.alpha": "0.25", "worked.beta": "0,1,2,3"})
    x = np.array([[1.0, 2, 3, 6], [4, 5, 9, 2], [7, 2, 0, 7]])  # the lecture's example
    result = app.table[len(app.table) - 1].value.astype(float).to_numpy()
    np.testing.assert_allclose(result, np.tanh(0.25 * x) + [0, 1, 2, 3], rtol=6e-6)
    assert any(r"\tanh(0.25 \cdot 1)" in formula.value for formula in app.latex)
    assert any("torch's tanh** gives the same" in text.value for text in app.markdown)
    assert "Undo it with γ and β" not in {button.label for button in app.button}


def test_its_variants_stand_side_by_side_and_covariate_shift_names_it(lab: Lab) -> None:
    assert {"dyt-pre", "dyt-post"} <= VARIANTS.keys()
    assert "dyt-pre: finished" in captions(lab("Without it")).replace("\\", "")
    assert "(DyT)" in captions(lab("Covariate shift"))
