"""Which numbers share one mean and variance, and the formula held equal to torch's own modules."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model_core import norms
from model_core.norm_modules import BatchNorm
from model_core.normalization import normalized_cell, normalized_members, read_entering, shares
from model_core.norms import KINDS, NormKind
from model_core.runs import Run
from model_core.runs.history import History
from tests.support.norms import NAMES, entering, scrambled
from tests.support.refusals import refusal

kinds = pytest.mark.parametrize("norm", KINDS)
TORCHS: tuple[NormKind, ...] = ("layer", "batch", "rms", "none")  # torch has a module of each
torchs = pytest.mark.parametrize("norm", TORCHS)
BLOCK = np.random.default_rng(0).normal(0.5, 2.0, (3, 2, 4, 5))  # (S, B, T, C)


@dataclass
class Learned:
    """Gain and shift (S, C) of three steps, far from 1 and 0."""

    gamma: np.ndarray
    beta: np.ndarray


LEARNED = Learned(*np.random.default_rng(1).normal(0.0, 1.5, (2, 3, 5)))


def torch_module(norm: NormKind, channels: int) -> nn.Module:
    modules: dict[NormKind, nn.Module] = {
        "layer": nn.LayerNorm(channels),
        "batch": BatchNorm(channels),
        "rms": nn.RMSNorm(channels, eps=1e-5),
        "none": nn.Identity(),
    }
    return modules[norm].double().train()


@torch.no_grad()
def expected(norm: NormKind, x: np.ndarray, learned: Learned) -> np.ndarray:
    """Each step's block (S, B, T, C) through a module with that step's gain and shift."""
    results = []
    for block, gamma, beta in zip(x, learned.gamma, learned.beta, strict=True):
        module = torch_module(norm, x.shape[-1])
        given = {"weight": torch.tensor(gamma), "bias": torch.tensor(beta)}
        own = dict(module.named_parameters())
        for name, parameter in own.items():
            parameter.copy_(given[name])
        results.append(module(torch.tensor(block)))
    return torch.stack(results).numpy()


# ---- who shares ----------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["layer", "rms"])
def test_a_number_shares_with_the_channels_of_its_token(norm: NormKind) -> None:
    shared = shares(norm, (2, 3, 4), (1, 2, 0))
    assert np.argwhere(shared).tolist() == [[1, 2, 0], [1, 2, 1], [1, 2, 2], [1, 2, 3]]


def test_under_batch_norm_it_shares_with_its_channel_at_all_positions() -> None:
    shared = shares("batch", (2, 2, 3), (1, 0, 2))
    assert np.argwhere(shared).tolist() == [[0, 0, 2], [0, 1, 2], [1, 0, 2], [1, 1, 2]]


def test_without_a_norm_it_is_alone() -> None:
    assert np.argwhere(shares("none", (2, 3, 4), (1, 2, 3))).tolist() == [[1, 2, 3]]


@kinds
def test_to_share_works_both_ways(norm: NormKind) -> None:
    shape = (2, 3, 4)
    for cell in np.ndindex(shape):
        shared = shares(norm, shape, cell)
        assert shared[cell]
        for other in map(tuple, np.argwhere(shared)):
            assert (shares(norm, shape, other) == shared).all()


def test_a_cell_outside_the_block_is_refused() -> None:
    assert "(2, 0, 0)" in refusal(shares, "layer", (2, 3, 4), (2, 0, 0))


# ---- the formula ---------------------------------------------------------------------------------


def test_layer_norm_of_two_numbers_by_hand() -> None:
    cell = normalized_cell(
        "layer", np.array([[[1.0, 5.0]]]), (0, 0, 1), {"gamma": 10.0, "beta": 3.0}
    )
    assert cell == pytest.approx((2, 3.0, 4.0, 1.0, 13.0), abs=1e-4)  # ε is 0.00001


def test_rms_norm_does_not_subtract_the_mean_and_has_no_shift() -> None:
    cell = normalized_cell("rms", np.array([[[1.0, 7.0]]]), (0, 0, 1), {"gamma": 10.0, "beta": 3.0})
    assert cell == pytest.approx((2, 4.0, 25.0, 1.4, 14.0), abs=1e-4)


@torchs
@pytest.mark.parametrize("sentences", [1, 2])
def test_every_cell_at_every_step_equals_torchs_own_module(norm: NormKind, sentences: int) -> None:
    x = BLOCK[:, :sentences]
    wanted = expected(norm, x, LEARNED)
    for cell in np.ndindex(x.shape[1:]):
        gamma, beta = LEARNED.gamma[:, cell[2]], LEARNED.beta[:, cell[2]]
        found = normalized_cell(norm, x, cell, {"gamma": gamma, "beta": beta})
        np.testing.assert_allclose(found.result, wanted[(..., *cell)], rtol=0, atol=1e-12)
        members = shares(norm, x.shape[1:], cell)
        own = {"gamma": LEARNED.gamma, "beta": LEARNED.beta}
        together = normalized_members(norm, x, members, own)["result"]
        np.testing.assert_allclose(together, wanted[:, members], rtol=0, atol=1e-12)


def test_batch_norm_of_one_value_a_channel_is_refused_as_torch_refuses_it() -> None:
    alone = BLOCK[0, :1, :1]
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        torch_module("batch", 5)(torch.tensor(alone))
    said = refusal(normalized_cell, "batch", alone, (0, 0, 0))
    assert said.startswith("batch norm in training mode needs more than 1 value per channel, got 1")


@pytest.mark.parametrize("norm", ["layer", "rms", "none"])
def test_a_single_token_is_no_trouble_for_the_other_norms(norm: NormKind) -> None:
    found = normalized_cell(norm, BLOCK[0, :1, :1], (0, 0, 0))
    assert np.isfinite(found.result)


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_equal_numbers_become_the_shift(norm: NormKind) -> None:
    found = normalized_cell(norm, np.full((2, 3, 4), 7.0), (0, 0, 0), {"gamma": 5.0, "beta": 2.0})
    assert (found.variance, found.result) == (0.0, 2.0)


@torchs
def test_what_is_no_number_stays_none(norm: NormKind) -> None:
    found = normalized_cell(norm, np.full((1, 2, 3), np.inf), (0, 0, 0))
    assert not np.isfinite(found.result)


# ---- what enters a norm --------------------------------------------------------------------------


@kinds
def test_what_enters_a_norm_and_its_gain_and_shift_are_read(norm: NormKind) -> None:
    model, ids = scrambled(norm=norm), torch.tensor([[1, 2, 3], [3, 2, 1]])
    for at, x in zip(NAMES, entering(model, ids), strict=True):
        seen = read_entering(model, ids, at)
        torch.testing.assert_close(seen["entering"], x, rtol=0, atol=0)
        module = model.get_submodule(at)
        for name, part in norms.LEARNED.items():
            own: Tensor | None = getattr(module, part.parameter, None)
            wanted = torch.full((6,), part.start) if own is None else own.expand(6)
            torch.testing.assert_close(seen[name], wanted, rtol=0, atol=0)


def test_all_steps_at_once_read_what_one_model_after_another_reads(recorded: Run) -> None:
    ids = torch.tensor([[1, 2, 3], [4, 5, 6]])
    steps = recorded.steps[[0, -1]]

    sight = partial(read_entering, norm="blocks.1.ln2")
    seen = History().read(recorded, steps, sight, ids)
    for at, step in enumerate(steps):
        wanted = read_entering(recorded.model_at(int(step)), ids, "blocks.1.ln2")
        for name, values in wanted.items():
            np.testing.assert_allclose(seen[name][at], values.detach().numpy(), atol=1e-5)
