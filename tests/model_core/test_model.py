"""The model against a second one written here with plain matrix products, and its sampling."""

import math
import re
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from model_core.anatomy import anatomy_of
from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel, MultiHeadAttention
from model_core.norm_modules import BatchNorm
from tests.support.models import NORMS, POSITIONS, config, scrambled
from tests.support.norms import EACH_TOKEN, behind_gain

Weights = dict[str, np.ndarray]


def text(model_config: ModelConfig, batch: int = 4, length: int = 9) -> Tensor:
    return torch.randint(
        model_config.vocab_size, (batch, length), generator=torch.Generator().manual_seed(1)
    )


# --- the second implementation: float64, one head at a time, nothing but matrix products ---------


def reference_logits(model: BigramLanguageModel, idx: Tensor) -> np.ndarray:
    """Logits (B, T, V) of the weights as they are now, in the mode the model is in."""
    weights = {name: value.numpy().astype(float) for name, value in model.state_dict().items()}
    return reference_forward(model.config, weights, idx.numpy(), training=model.training)


def reference_forward(
    shape: ModelConfig, weights: Weights, idx: np.ndarray, *, training: bool
) -> np.ndarray:
    """Logits (B, T, V) of idx (B, T); in training, batch norm moves its statistics in `weights`."""
    one_hot = np.eye(shape.vocab_size)[idx]
    x = one_hot @ weights["token_embedding_table.weight"]
    x = x + weights["position_embedding_table.weight"][: idx.shape[1]]
    for layer in range(shape.n_layer):
        block = f"blocks.{layer}"
        for name, part in (("ln1", attention), ("ln2", feed_forward)):
            place = (shape, weights, f"{block}.{name}")
            if shape.norm_position == "pre":
                x = x + part(shape, weights, block, norm(*place, x, training))
            else:
                x = norm(*place, x + part(shape, weights, block, x), training)
    return linear(weights, "lm_head", norm(shape, weights, "ln_f", x, training))


def linear(weights: Weights, name: str, x: np.ndarray) -> np.ndarray:
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0.0)


def attention(shape: ModelConfig, weights: Weights, block: str, x: np.ndarray) -> np.ndarray:
    C, T, size = shape.n_embd, x.shape[1], shape.n_embd // shape.n_head
    qkv = linear(weights, f"{block}.sa.qkv", x)
    heads = []
    for first in range(0, C, size):
        query, key, value = (qkv[..., part * C + first :][..., :size] for part in range(3))
        scores = np.einsum("btc,bsc->bts", query, key) / math.sqrt(size)
        allowed = np.exp(scores - scores.max(-1, keepdims=True)) * np.tril(np.ones((T, T)))
        heads.append(allowed / allowed.sum(-1, keepdims=True) @ value)
    return linear(weights, f"{block}.sa.proj", np.concatenate(heads, axis=-1))


def feed_forward(_: ModelConfig, weights: Weights, block: str, x: np.ndarray) -> np.ndarray:
    hidden = linear(weights, f"{block}.ffwd.expand", x)
    return linear(weights, f"{block}.ffwd.proj", hidden * (hidden > 0))


def norm(
    shape: ModelConfig, weights: Weights, name: str, x: np.ndarray, training: bool
) -> np.ndarray:
    own = {
        part.rpartition(".")[2]: torch.from_numpy(np.array(values))
        for part, values in weights.items()
        if part.rpartition(".")[0] == name
    }
    if shape.norm == "batch" and training:
        move_running_averages(x, name, weights)
    return behind_gain(shape.norm, torch.from_numpy(x), own, training).numpy()


def move_running_averages(x: np.ndarray, name: str, weights: Weights) -> None:
    """Per channel over batch and time; running averages take a tenth, with Bessel's correction."""
    mean, variance, count = x.mean((0, 1)), x.var((0, 1)), x.shape[0] * x.shape[1]
    old_mean, old_variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    weights[f"{name}.running_mean"] = 0.9 * old_mean + 0.1 * mean
    weights[f"{name}.running_var"] = 0.9 * old_variance + 0.1 * variance * count / (count - 1)


# --- forward -------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("n_layer", range(5))
@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("kind", NORMS)
def test_logits_equal_plain_matrix_products(
    kind: str, position: str, n_layer: int, training: bool
) -> None:
    shape = config(norm=kind, norm_position=position, n_layer=n_layer)
    model = scrambled(shape).train(training)
    expected = reference_logits(model, text(shape))
    with torch.no_grad():
        logits, loss = model(text(shape))
    assert loss is None
    np.testing.assert_allclose(logits.numpy(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("kind", NORMS)
def test_logits_equal_plain_matrix_products_with_biases_and_a_short_text(
    kind: str, training: bool
) -> None:
    shape = config(norm=kind, bias=True, n_head=4)
    model = scrambled(shape).train(training)
    expected = reference_logits(model, text(shape, length=5))
    with torch.no_grad():
        logits, _ = model(text(shape, length=5))
    np.testing.assert_allclose(logits.numpy(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("position", POSITIONS)
def test_running_statistics_of_batch_norm_follow_batch_and_time(position: str) -> None:
    shape = config(norm="batch", norm_position=position)
    model = scrambled(shape).train()
    weights = {name: value.numpy().astype(float) for name, value in model.state_dict().items()}
    for batch in (3, 4):
        reference_forward(shape, weights, text(shape, batch).numpy(), training=True)
        with torch.no_grad():
            model(text(shape, batch))
    running = [name for name in weights if "running" in name]
    assert len(running) == 2 * (2 * shape.n_layer + 1)
    for name in running:
        np.testing.assert_allclose(
            model.state_dict()[name].numpy(), weights[name], rtol=1e-5, atol=1e-5, err_msg=name
        )


def test_evaluation_leaves_running_statistics_alone() -> None:
    model = scrambled(config(norm="batch")).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(text(model.config))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_fresh_batch_norm_makes_every_channel_mean_0_and_variance_1_over_batch_and_time() -> None:
    x = torch.randn(5, 7, 3, generator=torch.Generator().manual_seed(0)) * 4 + 2
    y = BatchNorm(3)(x).detach()
    assert torch.allclose(y.mean((0, 1)), torch.zeros(3), atol=1e-6)
    assert torch.allclose(y.var((0, 1), correction=0), torch.ones(3), atol=1e-5)


def test_loss_is_the_mean_negative_log_probability_of_the_targets() -> None:
    model = scrambled(config()).eval()
    idx, targets = text(model.config), text(model.config).flip(0)
    logits = reference_logits(model, idx)
    log_probability = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = -np.take_along_axis(log_probability, targets.numpy()[..., None], axis=-1).mean()
    assert model(idx, targets)[1].item() == pytest.approx(expected, abs=1e-5)


def test_loss_of_a_head_of_zeros_is_log_vocab_size_nats() -> None:
    model = BigramLanguageModel(config())
    torch.nn.init.zeros_(model.lm_head.weight)
    idx = text(model.config)
    assert model(idx, idx)[1].item() == pytest.approx(math.log(11), abs=1e-6)


@pytest.mark.parametrize("kind", EACH_TOKEN)
def test_a_token_never_feels_the_tokens_after_it(kind: str) -> None:
    model = scrambled(config(norm=kind)).train()
    idx = text(model.config)
    other = idx.clone()
    other[:, 5:] = (other[:, 5:] + 1) % model.config.vocab_size
    assert torch.equal(model(idx)[0][:, :5], model(other)[0][:, :5])
    assert not torch.equal(model(idx)[0][:, 5:], model(other)[0][:, 5:])


def test_batch_norm_in_training_lets_a_token_feel_its_future_and_in_evaluation_does_not() -> None:
    model = scrambled(config(norm="batch"))
    idx = text(model.config)
    other = idx.clone()
    other[:, 5:] = (other[:, 5:] + 1) % model.config.vocab_size
    assert torch.equal(model.eval()(idx)[0][:, :5], model(other)[0][:, :5])
    assert not torch.allclose(model.train()(idx)[0][:, :5], model(other)[0][:, :5], atol=1e-2)


def test_no_layers_means_no_position_reads_another() -> None:
    model = scrambled(config(n_layer=0, norm="layer")).eval()
    logits = model(torch.tensor([[3, 4, 5], [9, 4, 7]]))[0]
    assert torch.equal(logits[0, 1], logits[1, 1])


def test_logits_are_contiguous_over_any_targets_view() -> None:
    model = scrambled(config())
    ids = text(model.config, length=9)
    assert torch.equal(
        model(ids[:, :-1], ids[:, 1:])[1], model(ids[:, :-1], ids[:, 1:].contiguous())[1]
    )


def test_a_text_longer_than_the_block_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^10 tokens do not fit block_size=9; cut the text") as e:
        BigramLanguageModel(config())(torch.zeros(1, 10, dtype=torch.long))
    assert len(str(e.value)) <= 200


def test_initial_gain_doubles_the_weights_of_the_blocks_and_nothing_else() -> None:
    torch.manual_seed(0)
    plain = BigramLanguageModel(config(bias=True)).state_dict()
    torch.manual_seed(0)
    doubled = BigramLanguageModel(config(bias=True, linear_init_gain=2.0)).state_dict()
    for name, value in plain.items():
        is_block_matrix = name.startswith("blocks.") and value.dim() == 2
        assert torch.equal(doubled[name], value * (2 if is_block_matrix else 1)), name


def test_the_initial_rows_of_both_tables_have_the_standard_deviation_asked_for() -> None:
    torch.manual_seed(0)
    plain = BigramLanguageModel(config()).state_dict()
    torch.manual_seed(0)
    small = BigramLanguageModel(config(embedding_init_std=0.05)).state_dict()
    for name, value in plain.items():
        is_table = "embedding_table" in name
        assert torch.equal(small[name], value * 0.05 if is_table else value), name


def test_equal_rows_are_the_first_of_each_table_and_nothing_else_changes() -> None:
    torch.manual_seed(0)
    plain = BigramLanguageModel(config()).state_dict()
    torch.manual_seed(0)
    equal = BigramLanguageModel(config(equal_rows=True)).state_dict()
    for name, value in plain.items():
        first = value[:1].expand_as(value) if "embedding_table" in name else value
        assert torch.equal(equal[name], first), name


def test_dropout_rests_in_evaluation_and_works_in_training() -> None:
    model, still = scrambled(config(dropout=0.5)), scrambled(config(dropout=0.0))
    idx = text(model.config)
    assert torch.equal(model.eval()(idx)[0], still.eval()(idx)[0])
    assert not torch.allclose(model.train()(idx)[0], still.train()(idx)[0], atol=1e-2)


@pytest.mark.parametrize("listening", [False, True], ids=["fused", "explicit"])
def test_dropout_also_falls_on_attention_weights(listening: bool) -> None:
    """With identity matrices as values, what comes out is the dropped-out weights themselves."""
    sa = MultiHeadAttention(config(dropout=0.5, n_embd=6, n_head=1, block_size=6))
    sa.dropout.p = 0.0
    with torch.no_grad():
        sa.qkv.weight.zero_()
        sa.qkv.weight[12:] = torch.eye(6)
        sa.proj.weight.copy_(torch.eye(6))
    if listening:
        sa.weights.register_forward_hook(lambda *_: None)
    torch.manual_seed(0)
    out = sa.train()(torch.eye(6).expand(200, 6, 6)).detach()
    uniform = torch.tril(torch.ones(6, 6)) / torch.arange(1, 7)[:, None]
    kept = (out - 2 * uniform).abs() < 1e-6
    assert (kept | (out.abs() < 1e-6)).all()
    rate = kept[:, uniform > 0].double().mean()
    assert 0.47 < rate < 0.53


# --- generate ------------------------------------------------------------------------------------


def test_temperature_0_takes_the_likeliest_token_each_time() -> None:
    model = scrambled(config()).eval()
    idx = text(model.config, batch=3, length=2)
    expected = idx.numpy()
    for _ in range(12):  # beyond the block: only its last tokens are read
        logits = reference_logits(model, torch.tensor(expected[:, -9:]))[:, -1]
        expected = np.concatenate([expected, logits.argmax(-1)[:, None]], axis=1)
    assert model.generate(idx, 12, temperature=0).tolist() == expected.tolist()


def test_the_likeliest_token_alone_is_what_temperature_0_takes() -> None:
    model = scrambled(config()).eval()
    idx = text(model.config, batch=3, length=2)
    greedy = model.generate(idx, 12, temperature=0)
    assert torch.equal(model.generate(idx, 12, top_k=1, temperature=5.0), greedy)


def test_top_k_keeps_k_tokens_even_among_equals() -> None:
    model = BigramLanguageModel(config(n_layer=0))
    torch.nn.init.zeros_(model.lm_head.weight)  # all tokens equally likely
    start = torch.zeros(500, 1, dtype=torch.long)
    assert model.generate(start, 1, top_k=3)[:, 1].unique().numel() == 3
    assert torch.equal(model.generate(start, 1, top_k=1), model.generate(start, 1, temperature=0))


@pytest.mark.parametrize(
    ("temperature", "top_k"), [(1.0, None), (0.5, None), (2.0, None), (1.0, 4), (1.5, 4), (1.0, 99)]
)
def test_frequencies_of_samples_follow_the_softmax(temperature: float, top_k: int | None) -> None:
    model = scrambled(config(), seed=3).eval()
    start, count = torch.tensor([[2, 7, 1]]), 20_000
    logits = reference_logits(model, start)[0, -1] / temperature
    kept = np.argsort(logits)[::-1][:top_k]
    expected = np.exp(logits[kept]) / np.exp(logits[kept]).sum() * count
    assert expected.min() > 5  # what the chi-square test asks for
    drawn = model.generate(
        start.expand(count, 3),
        1,
        temperature=temperature,
        top_k=top_k,
        generator=torch.Generator().manual_seed(0),
    )[:, -1]
    observed = np.bincount(drawn.numpy(), minlength=11)
    assert observed[kept].sum() == count
    assert chisquare(observed[kept], expected).pvalue > 1e-3


def test_its_own_generator_repeats_and_leaves_the_global_random_state_alone() -> None:
    model = scrambled(config()).eval()
    idx, before = text(model.config, length=1), torch.get_rng_state()
    first, second, other = (
        model.generate(idx, 30, generator=torch.Generator().manual_seed(seed)) for seed in (5, 5, 6)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_continuation_begins_with_what_was_given() -> None:
    model = scrambled(config()).eval()
    idx = text(model.config)
    continued = model.generate(idx, 3)
    assert continued.shape == (4, 12)
    assert torch.equal(continued[:, :9], idx)
    assert torch.equal(model.generate(idx, 0), idx)


def test_a_temperature_close_to_0_is_greedy_not_an_overflow() -> None:
    model = scrambled(config()).eval()
    idx = text(model.config)
    greedy = model.generate(idx, 5, temperature=0)
    assert torch.equal(model.generate(idx, 5, temperature=1e-42), greedy)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": -0.1}, "temperature must be 0 or more, got -0.1"),
        ({"temperature": math.nan}, "temperature must be 0 or more, got nan"),
        ({"top_k": 0}, "top_k must be 1 or more, got 0"),
    ],
)
def test_generate_refuses_nonsense_in_one_sentence(settings: dict[str, Any], said: str) -> None:
    model = BigramLanguageModel(config()).eval()
    with pytest.raises(ValueError) as error:
        model.generate(torch.zeros(1, 1, dtype=torch.long), 1, **settings)
    assert str(error.value) == said


def test_generate_says_that_there_is_nothing_to_continue() -> None:
    with pytest.raises(ValueError, match="^nothing to continue: give at least one token$"):
        BigramLanguageModel(config()).eval().generate(torch.zeros(1, 0, dtype=torch.long), 1)


@pytest.mark.parametrize("changes", [{}, {"norm": "none"}, {"n_layer": 0}, {"bias": True}])
def test_parts_hold_every_parameter_in_the_order_of_depth(changes: dict[str, Any]) -> None:
    model_config = config(**changes)
    with torch.device("meta"):
        names = [name for name, _ in BigramLanguageModel(model_config).named_parameters()]
    parts = [re.sub(r"^(blocks\.\d+|\w+).*", r"\1", name) for name in names]
    assert tuple(dict.fromkeys(parts)) == anatomy_of(model_config).parts


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("changes", [{}, {"n_layer": 0}, {"bias": True}])
def test_the_weights_counted_are_those_of_the_model(norm: str, changes: dict[str, Any]) -> None:
    model_config = config(norm=norm, **changes)
    with torch.device("meta"):
        model = BigramLanguageModel(model_config)
    assert model_config.weights == sum(one.numel() for one in model.parameters())
