"""The logit lens against the model itself, and predictions done by hand."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.prediction.lens import (
    lens,
    lens_names,
    next_probabilities,
    read_lens,
    residuals,
    top_tokens,
)
from model_core.taps import tapped
from tests.support.models import NORMS, POSITIONS, config, scrambled
from tests.support.stacked import alone_and_stacked

IDS = torch.tensor([1, 10, 3, 3, 0, 7, 5, 5])
NAN = math.nan


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("n_layer", [0, 1, 3])
def test_the_last_depth_is_the_models_own_output(norm: str, position: str, n_layer: int) -> None:
    shape = config(norm=norm, norm_position=position, n_layer=n_layer, bias=True)
    model = scrambled(shape).eval()
    stream = residuals(model, IDS)
    assert stream.shape == (n_layer + 1, 8, 12) == (len(lens_names(n_layer)), 8, 12)
    expected = model(IDS[None])[0][0].detach()
    torch.testing.assert_close(lens(model, stream)[-1], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("n_layer", [0, 2])
def test_the_first_depth_is_the_sum_of_the_embeddings(n_layer: int) -> None:
    model = scrambled(config(n_layer=n_layer)).eval()
    tokens, positions = model.token_embedding_table.weight, model.position_embedding_table.weight
    assert torch.equal(residuals(model, IDS)[0], tokens[IDS] + positions[:8])


def test_each_depth_is_what_a_block_leaves_behind() -> None:
    model = scrambled(config(n_layer=3)).eval()
    with tapped(model, "blocks.*.resid_post") as seen:
        model(IDS[None])
    for stream, heard in zip(residuals(model, IDS)[1:], seen.values(), strict=True):
        torch.testing.assert_close(stream, heard[0], rtol=0, atol=1e-6)


def test_a_depth_is_read_as_if_the_model_ended_there() -> None:
    """A model cut behind its first block has the same tables, norm and head."""
    model = scrambled(config(n_layer=3)).eval()
    logits = lens(model, residuals(model, IDS))
    del model.blocks[1:]
    torch.testing.assert_close(logits[1], model(IDS[None])[0][0].detach(), rtol=0, atol=1e-6)


def test_depths_have_names() -> None:
    assert lens_names(2) == ("embedding", "block 0", "block 1")
    assert lens_names(0) == ("embedding",)


def predicted(model: BigramLanguageModel, ids: Tensor) -> dict[str, Tensor]:
    stream = residuals(model, ids)
    return {"residuals": stream, "logits": lens(model, stream)}


@pytest.mark.parametrize("norm", NORMS)
def test_stacked_models_are_read_at_once_as_each_alone(norm: str) -> None:
    models = [scrambled(config(norm=norm), seed).eval() for seed in (0, 1)]
    alone, stacked = alone_and_stacked(predicted, models, IDS)
    for name in ("residuals", "logits"):
        torch.testing.assert_close(stacked[name], alone[name], rtol=1e-5, atol=1e-5)


def test_probabilities_of_logits_log_1_2_5_are_eighths() -> None:
    found = next_probabilities(torch.tensor([[1.0, 2.0, 5.0]]).log())
    np.testing.assert_allclose(found, [[1 / 8, 2 / 8, 5 / 8]], rtol=1e-6)
    assert found.dtype == np.float32


def test_a_prediction_that_is_no_number_is_nan() -> None:
    logits = torch.tensor([[0.0, NAN], [0.0, math.inf], [0.0, -math.inf]])
    np.testing.assert_array_equal(next_probabilities(logits), [[NAN] * 2, [NAN] * 2, [1.0, 0.0]])


def test_the_likeliest_stand_first_and_equals_by_their_ids() -> None:
    probabilities = np.array([[0.1, 0.3, 0.1, 0.3, 0.2], [0.0, 0.0, 1.0, 0.0, 0.0]], np.float32)
    ids, values = top_tokens(probabilities, 4)
    assert ids.tolist() == [[1, 3, 4, 0], [2, 0, 1, 3]]
    assert values.tolist() == np.take_along_axis(probabilities, ids, -1).tolist()
    assert (ids.dtype, values.dtype) == (np.int64, np.float32)


def test_many_equals_stand_in_the_order_of_their_ids() -> None:
    ids, _ = top_tokens(np.tile(np.array([0.001, 0.009], np.float32), 100), 150)
    assert ids.tolist() == [*range(1, 200, 2), *range(0, 100, 2)]


def test_the_likeliest_of_many_are_those_of_torch() -> None:
    probabilities = next_probabilities(torch.randn(3, 4, 50, generator=torch.manual_seed(0)))
    ids, values = top_tokens(probabilities, 7)
    expected = torch.tensor(probabilities).topk(7)
    assert np.array_equal(ids, expected.indices)
    assert np.array_equal(values, expected.values)


@pytest.mark.parametrize("count", [0, 6, -1])
def test_no_more_tokens_than_there_are(count: int) -> None:
    with pytest.raises(ValueError, match=rf"^count must be in \[1, 5\], got {count}$"):
        top_tokens(np.ones((2, 5)) / 5, count)


@pytest.mark.parametrize("n_layer", [0, 2])
def test_the_true_next_token_is_the_one_that_follows_in_the_text(n_layer: int) -> None:
    model = scrambled(config(n_layer=n_layer)).eval()
    seen = read_lens(model, IDS, 3)
    expected = lens(model, residuals(model, IDS)).softmax(-1).detach()
    assert seen["true"].shape == (n_layer + 1, 8)
    for at, following in enumerate(IDS[1:].tolist()):
        torch.testing.assert_close(seen["true"][:, at], expected[:, at, following])
    assert seen["true"][:, -1].isnan().all()
    torch.testing.assert_close(seen["next"], expected[:, 3])


def test_nothing_follows_a_single_token() -> None:
    seen = read_lens(scrambled(config()).eval(), IDS[:1], 0)
    assert seen["true"].isnan().all() and seen["next"].isfinite().all()


def test_what_the_lens_reads_is_read_with_stacked_weights_too() -> None:
    models = [scrambled(config(), seed).eval() for seed in (0, 1)]
    alone, stacked = alone_and_stacked(partial(read_lens, position=5), models, IDS)
    for name in alone:
        torch.testing.assert_close(stacked[name], alone[name], rtol=0, atol=1e-6, equal_nan=True)
