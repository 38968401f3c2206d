"""Writing token by token, held to `generate`, to `attend` and to the softmax."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from model_core.attention import attend
from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.norms import NormKind
from model_core.prediction.writing import write

START = [3, 1, 4, 1]
LONG = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]  # more than a block


def make_model(n_layer: int = 2, norm: NormKind = "layer") -> BigramLanguageModel:
    torch.manual_seed(0)
    shape = ModelConfig(
        vocab_size=11, block_size=9, n_embd=12, n_head=3, n_layer=n_layer, norm=norm
    )
    return BigramLanguageModel(shape).eval()


def logits_behind(model: BigramLanguageModel, ids: list[int]) -> np.ndarray:
    """Logits (V,) in float64."""
    with torch.inference_mode():
        return model(torch.tensor([ids]))[0][0, -1].double().numpy()


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


@pytest.mark.parametrize("start", [START[:1], START, LONG], ids=len)
@pytest.mark.parametrize("n_layer", [0, 2])
@pytest.mark.parametrize(
    ("temperature", "top_k"),
    [(1.0, None), (0.0, None), (0.3, None), (5.0, None), (2.0, 1), (1.0, 3), (0.7, 10), (1.0, 99)],
)
def test_the_tokens_are_those_that_generate_draws(
    start: list[int], n_layer: int, temperature: float, top_k: int | None
) -> None:
    model = make_model(n_layer)
    for seed in range(3):
        writing = write(model, start, 25, temperature=temperature, top_k=top_k, seed=seed)
        drawn = model.generate(
            torch.tensor([start]),
            25,
            temperature=temperature,
            top_k=top_k,
            generator=torch.Generator().manual_seed(seed),
        )
        assert writing.ids.tolist() == drawn[0, len(start) :].tolist()


def test_a_longer_writing_begins_with_the_shorter_one() -> None:
    model = make_model()
    short, long = write(model, START, 4, seed=7), write(model, START, 20, seed=7)
    for name in ("ids", "probabilities", "chances", "starts"):
        assert np.array_equal(getattr(short, name), getattr(long, name)[:4]), name
    for one, other in zip(short.weights, long.weights, strict=False):
        assert np.array_equal(one, other)


def test_another_seed_writes_another_text_and_the_global_random_state_stays() -> None:
    model, before = make_model(), torch.get_rng_state()
    assert write(model, START, 20, seed=1).ids.tolist() != write(model, START, 20).ids.tolist()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("start", [START, LONG], ids=len)
def test_the_attention_is_that_of_the_last_token_read(start: list[int]) -> None:
    model = make_model()
    writing = write(model, start, 12)
    text = [*start, *writing.ids.tolist()]
    for at, (first, weights) in enumerate(zip(writing.starts, writing.weights, strict=True)):
        read = text[first : len(start) + at]
        expected = attend(model, torch.tensor(read)).weights[:, :, -1]
        np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-6)


def test_the_window_slides_when_the_block_is_full() -> None:
    writing = write(make_model(), START, 8)  # 4 to 11 tokens of context, 9 fit
    assert writing.starts.tolist() == [0, 0, 0, 0, 0, 0, 1, 2]
    assert [part.shape for part in writing.weights] == [
        (2, 3, read) for read in (4, 5, 6, 7, 8, 9, 9, 9)
    ]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("top_k", [None, 3])
def test_probability_and_chance_of_each_token(temperature: float, top_k: int | None) -> None:
    """The softmax of the logits, and that of the kept logits divided by the temperature."""
    model = make_model()
    writing = write(model, START, 5, temperature=temperature, top_k=top_k)
    text = [*START, *writing.ids.tolist()]
    for at, drawn in enumerate(writing.ids):
        logits = logits_behind(model, text[: 4 + at])
        kept = np.where(logits >= np.sort(logits)[-(top_k or 11)], logits, -np.inf)
        assert writing.probabilities[at] == pytest.approx(softmax(logits)[drawn], abs=1e-6)
        assert writing.chances[at] == pytest.approx(softmax(kept / temperature)[drawn], abs=1e-6)


def test_at_temperature_0_nothing_is_left_to_chance() -> None:
    writing = write(make_model(), START, 5, temperature=0)
    assert writing.chances.tolist() == [1.0] * 5
    assert (writing.probabilities < 1).all()


def test_a_model_without_layers_writes_without_attention() -> None:
    assert [part.shape for part in write(make_model(0), START, 2).weights] == [(0, 3, 4), (0, 3, 5)]


def test_nothing_may_be_written() -> None:
    writing = write(make_model(), START, 0)
    assert writing.ids.shape == writing.probabilities.shape == writing.chances.shape == (0,)
    assert writing.weights == ()


def test_what_was_written_is_plain_data() -> None:
    writing = write(make_model(), START, 3)
    assert (writing.ids.dtype, writing.starts.dtype) == (np.int64, np.int64)
    assert (writing.probabilities.dtype, writing.chances.dtype) == (np.float32, np.float32)


@pytest.mark.parametrize(
    ("start", "settings", "said"),
    [
        (START, {"temperature": -0.1}, "temperature must be 0 or more, got -0.1"),
        (START, {"temperature": math.nan}, "temperature must be 0 or more, got nan"),
        (START, {"top_k": 0}, "top_k must be 1 or more, got 0"),
        ([], {}, "nothing to continue: give at least one token"),
    ],
)
def test_nonsense_is_refused_as_generate_does(
    start: list[int], settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError) as error:
        write(make_model(), start, 1, **settings)
    assert str(error.value) == said


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_diverged_model_is_said_to_write_nothing(temperature: float) -> None:
    model = make_model()
    torch.nn.init.constant_(model.lm_head.weight, math.nan)
    with pytest.raises(ValueError, match="^the model has diverged and writes no text; choose an"):
        write(model, START, 1, temperature=temperature)
