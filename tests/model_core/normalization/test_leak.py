"""What moves of a sentence when another sentence of the batch changes, or its own future."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from model_core.normalization import (
    CASES,
    EVALUATION,
    TRAINING,
    leak_sites,
    leaks,
    relative,
    with_running_averages,
)
from model_core.normalization.exchange import exchanged, settle
from model_core.normalization.leak import ALONE, _read, leak
from model_core.normalization.modes import batch_mode
from tests.support.norms import EACH_TOKEN, WINDOWS, made
from tests.support.refusals import refusal

IDS = WINDOWS[:3]
positions = pytest.mark.parametrize("position", ["pre", "post"])


def another_sentence(idx: Tensor) -> tuple[Tensor, int]:
    """The batch with its second sentence replaced; all of the first one is looked at."""
    changed = idx.clone()
    changed[1] = (changed[1] + 1) % 11
    return changed, idx.shape[1]


def a_future_token(idx: Tensor) -> tuple[Tensor, int]:
    """The batch with token 5 of the first sentence replaced; those before it are looked at."""
    changed = idx.clone()
    changed[0, 5] = (changed[0, 5] + 1) % 11
    return changed, 5


CHANGES = {"another sentence": another_sentence, "a future token": a_future_token}
each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


@each_change
@positions
@pytest.mark.parametrize("norm", EACH_TOKEN)
@pytest.mark.parametrize("training", [False, True])
def test_nothing_leaks_without_batch_norm(
    norm: str, training: bool, position: str, change: Any
) -> None:
    changed, upto = change(IDS)
    model = made(norm=norm, norm_position=position).train(training)
    assert (leak(model, IDS, changed, upto=upto).moved == 0.0).all()


@each_change
@positions
def test_batch_norm_leaks_behind_every_norm_in_training_mode(position: str, change: Any) -> None:
    changed, upto = change(IDS)
    model = made(norm="batch", norm_position=position)
    with batch_mode(model):
        moved = leak(model, IDS, changed, upto=upto).moved
    names = list(leak_sites(model.config))
    first = names.index("0.ln1")
    assert moved.shape == (len(names), upto)
    assert (moved[:first] == 0.0).all()
    assert (moved[first:] > 0.0).all()


@each_change
@positions
def test_batch_norm_leaks_nothing_in_evaluation_mode(position: str, change: Any) -> None:
    changed, upto = change(IDS)
    model = made(norm="batch", norm_position=position)
    settle(model, WINDOWS)
    assert (leak(model, IDS, changed, upto=upto).moved == 0.0).all()


def test_a_sentence_alone_feels_its_own_future_under_batch_norm() -> None:
    changed, upto = a_future_token(IDS[:1])
    model = made(norm="batch")
    with batch_mode(model):
        assert (leak(model, IDS[:1], changed, upto=upto).moved[1:] > 0).all()
    assert (leak(model, IDS[:1], changed, upto=upto).moved == 0).all()


@positions
def test_the_places_stand_in_the_order_of_computing(position: str) -> None:
    """Each place is that of the formula: pre x + f(norm(x)), post norm(x + f(x))."""
    model = made(norm="layer", norm_position=position, n_layer=1)
    block: Any = model.blocks[0]
    x = model.embed(IDS[:1])
    stages = {"embedding": x}
    if position == "pre":
        stages["0.ln1"] = block.ln1(x)
        stages["0.resid_mid"] = x = x + block.sa(stages["0.ln1"])
        stages["0.ln2"] = block.ln2(x)
        stages["0.resid_post"] = x = x + block.ffwd(stages["0.ln2"])
    else:
        stages["0.ln1:in"] = x + block.sa(x)
        stages["0.ln1"] = x = block.ln1(stages["0.ln1:in"])
        stages["0.ln2:in"] = x + block.ffwd(x)
        stages["0.ln2"] = x = block.ln2(stages["0.ln2:in"])
    stages["ln_f"] = model.ln_f(x)
    stages["logits"] = model.lm_head(stages["ln_f"])
    assert list(leak_sites(model.config)) == list(stages)
    spread = leak(model, IDS[:1], IDS[:1], upto=7).spread
    expected = [np.std(stage.detach().numpy()) for stage in stages.values()]
    np.testing.assert_allclose(spread, expected, rtol=1e-5)


def test_what_moves_is_the_largest_difference_over_the_channels() -> None:
    """Behind the first norm by hand: only batch and time decide, gamma is 1 and beta 0."""
    changed, _ = another_sentence(IDS)
    model = made(norm="batch")
    with batch_mode(model):
        found = leak(model, IDS, changed, upto=7).moved[1]
    before, after = (model.embed(batch).detach().double().numpy() for batch in (IDS, changed))
    normal = [(x - x.mean((0, 1))) / np.sqrt(x.var((0, 1)) + 1e-5) for x in (before, after)]
    np.testing.assert_allclose(found, np.abs(normal[0] - normal[1])[0].max(-1), atol=1e-6)


def test_only_what_is_looked_at_is_kept_of_a_batch() -> None:
    for kept in _read(made(), (IDS, IDS), upto=5)[0]:
        assert kept.untyped_storage().nbytes() == kept.numel() * kept.element_size()


def test_without_layers_there_are_three_places() -> None:
    changed, _ = another_sentence(IDS)
    model = made(norm="batch", n_layer=0)
    with batch_mode(model):
        moved = leak(model, IDS, changed, upto=7).moved
    assert list(leak_sites(model.config)) == ["embedding", "ln_f", "logits"]
    assert (moved[0] == 0).all() and (moved[1:] > 0).all()


def test_relative_is_in_standard_deviations_and_0_where_nothing_moved() -> None:
    moved = np.array([[0.0, 0.0], [3.0, 1.0], [2.0, np.nan]], np.float32)
    found = relative(moved, np.array([[0.0], [2.0], [0.0]], np.float32))
    np.testing.assert_array_equal(found, [[0, 0], [1.5, 0.5], [np.inf, np.nan]])


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_every_norm_is_tried_at_the_same_weights(norm: str) -> None:
    changed, upto = another_sentence(IDS)
    model = made(norm=norm)
    with torch.no_grad():
        for name in model.anatomy.norms:
            model.get_parameter(f"{name}.weight").uniform_(0.5, 2)  # a gain can get lost
    before = {name: value.clone() for name, value in model.state_dict().items()}
    batch = with_running_averages(model, WINDOWS)
    found = leaks(model, batch, IDS, changed, upto=upto)
    assert tuple(found) == CASES
    assert [name for name, one in found.items() if one.moved.any()] == [TRAINING]
    others = {EVALUATION: batch}
    others |= {kind: exchanged(model, kind) for kind in ALONE}
    for name, other in others.items():
        alone = leak(other, IDS, changed, upto=upto)
        np.testing.assert_array_equal(found[name].spread, alone.spread)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@each_change
def test_dropout_is_off_while_batch_norm_is_in_training_mode(change: Any) -> None:
    changed, upto = change(IDS)
    models = [made(norm="batch", dropout=rate) for rate in (0.0, 0.5)]
    plain, dropping = (leaks(m, m, IDS, changed, upto=upto)[TRAINING] for m in models)
    np.testing.assert_array_equal(plain.moved, dropping.moved)


def test_what_cannot_be_asked_is_said() -> None:
    model, (changed, _) = made(norm="batch"), a_future_token(IDS)
    assert refusal(leak, model, IDS, changed, upto=6).startswith("the first upto=6 tokens")
    for shorter, upto in ((IDS[:2], 7), (IDS, 0), (IDS, 8)):
        assert refusal(leak, model, IDS, shorter, upto=upto).startswith("both batches must")
    one = IDS[:1, :1]
    assert (leak(model, one, one, upto=1).moved == 0).all()  # in evaluation mode
    with batch_mode(model):
        said = refusal(leak, model, one, one, upto=1)
    assert said.startswith("batch norm in training mode needs more than 1 value per channel")
