"""What `attend` says, against PyTorch's fused attention and against numbers done by hand."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from model_core.attention.heads import Attention, attend, read_heads, scores_of, weights_of
from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel, MultiHeadAttention
from model_core.norms import NormKind
from model_core.taps import tapped
from tests.support.models import NORMS, POSITIONS, config, scrambled
from tests.support.stacked import alone_and_stacked


def make_model(n_layer: int = 3, n_head: int = 4, norm: NormKind = "layer") -> BigramLanguageModel:
    torch.manual_seed(0)
    shape = ModelConfig(
        vocab_size=13, block_size=16, n_embd=16, n_head=n_head, n_layer=n_layer, norm=norm
    )
    return BigramLanguageModel(shape).eval()


IDS = torch.tensor([1, 12, 3, 3, 0, 7, 5, 5, 5, 2, 9, 11, 4])


@pytest.fixture
def attention() -> Attention:
    return attend(make_model(), IDS)


@pytest.mark.parametrize("n_head", [1, 2, 4, 8])
@pytest.mark.parametrize("length", [1, 2, 16])
@pytest.mark.parametrize(("dtype", "within"), [(torch.float32, 1e-6), (torch.float64, 1e-13)])
def test_explicit_attention_equals_the_fused_kernel(
    n_head: int, length: int, dtype: torch.dtype, within: float
) -> None:
    """What leaves the attention, and its gradient, with and without somebody listening."""
    torch.manual_seed(1)
    shape = ModelConfig(vocab_size=2, block_size=16, n_embd=16, n_head=n_head, n_layer=1)
    sa = MultiHeadAttention(shape).to(dtype)
    x = torch.randn(3, length, 16, dtype=dtype, requires_grad=True)
    fused = sa(x)
    with tapped(sa, "weights") as seen:
        explicit = sa(x)
    assert list(seen) == ["weights"]
    torch.testing.assert_close(explicit, fused, rtol=0, atol=within)
    gradients = [torch.autograd.grad(out.square().mean(), x)[0] for out in (explicit, fused)]
    torch.testing.assert_close(*gradients, rtol=0, atol=within)


def test_weights_times_values_equal_scaled_dot_product_attention() -> None:
    model = make_model()
    with tapped(model, "blocks.*.sa.qkv", "blocks.*.sa.proj:in", "blocks.*.sa.weights") as seen:
        model(IDS[None])
    for layer in range(3):
        qkv = seen[f"blocks.{layer}.sa.qkv"][0]  # (T, 3 * C)
        query, key, value = (
            part.unflatten(-1, (4, 4)).transpose(0, 1) for part in qkv.split(16, dim=-1)
        )  # each (H, T, head_size)
        expected = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        weights = seen[f"blocks.{layer}.sa.weights"][0]
        torch.testing.assert_close(weights @ value, expected, rtol=0, atol=1e-6)
        joined = expected.transpose(0, 1).flatten(1)  # heads side by side
        torch.testing.assert_close(seen[f"blocks.{layer}.sa.proj:in"][0], joined, rtol=0, atol=1e-6)


def test_a_text_is_looked_at_with_every_head_of_every_layer(attention: Attention) -> None:
    assert attention.scores.shape == attention.weights.shape == (3, 4, 13, 13)
    assert attention.scores.dtype == attention.weights.dtype == np.float32


def test_attention_is_causal_and_sums_to_one(attention: Attention) -> None:
    np.testing.assert_allclose(attention.weights.sum(-1), 1, atol=1e-6)
    assert (np.triu(attention.weights, k=1) == 0).all()
    assert (attention.weights >= 0).all()


def test_weights_are_the_softmax_of_the_scores_not_after_the_query(attention: Attention) -> None:
    for query in range(13):
        allowed = np.exp(attention.scores[:, :, query, : query + 1].astype(float))
        np.testing.assert_allclose(
            attention.weights[:, :, query, : query + 1],
            allowed / allowed.sum(-1, keepdims=True),
            atol=1e-6,
        )


def test_scores_are_there_also_where_the_mask_hides_them(attention: Attention) -> None:
    assert np.isfinite(attention.scores).all()
    assert (np.triu(attention.scores, k=1) != 0).any()


def test_scores_are_query_dot_key_over_the_root_of_head_size() -> None:
    """By hand: query 3 · key 2 over √4 at every pair."""
    model = make_model(n_layer=1, norm="none")
    torch.nn.init.ones_(model.token_embedding_table.weight)
    torch.nn.init.zeros_(model.position_embedding_table.weight)
    qkv = torch.zeros(48, 16)
    qkv[:16, 0], qkv[16:32, 0] = 3.0, 2.0  # each query channel is 3, each key channel 2
    with torch.no_grad():
        model.get_parameter("blocks.0.sa.qkv.weight").copy_(qkv)
    assert np.unique(attend(model, IDS).scores).tolist() == [4 * 3 * 2 / math.sqrt(4)]


def test_equal_scores_share_attention_equally() -> None:
    model = make_model(n_layer=1)
    torch.nn.init.zeros_(model.get_parameter("blocks.0.sa.qkv.weight"))
    rows = np.tril(np.ones((13, 13))) / np.arange(1, 14)[:, None]
    np.testing.assert_allclose(
        attend(model, IDS).weights, np.broadcast_to(rows, (1, 4, 13, 13)), atol=1e-7
    )


def test_layers_and_heads_stand_in_the_models_order() -> None:
    """Only head 2 of layer 1 attends; all others have query 0 and so uniform weights."""
    model = make_model()
    with torch.no_grad():
        for layer in range(3):
            weight = model.get_parameter(f"blocks.{layer}.sa.qkv.weight")
            kept = weight[2 * 4 : 3 * 4].clone() * 9
            weight[:16] = 0
            if layer == 1:
                weight[2 * 4 : 3 * 4] = kept
    weights = attend(model, IDS).weights
    uniform = np.tril(np.ones((13, 13))) / np.arange(1, 14)[:, None]
    sharp = np.argwhere(np.abs(weights - uniform).max((-2, -1)) > 1e-3)
    assert sharp.tolist() == [[1, 2]]


def test_a_prefix_is_attended_as_within_the_whole_text(attention: Attention) -> None:
    prefix = attend(make_model(), IDS[:6])
    np.testing.assert_allclose(prefix.weights, attention.weights[:, :, :6, :6], atol=1e-6)


def test_a_single_token_can_only_attend_to_itself() -> None:
    assert (attend(make_model(), IDS[:1]).weights == 1).all()


def test_looking_leaves_the_model_as_it_was() -> None:
    model = make_model(norm="batch")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    attend(model, IDS)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_what_was_seen_cannot_change(attention: Attention) -> None:
    with pytest.raises(ValueError, match="read-only"):
        attention.weights[0] = 0


def test_no_layer_no_attention() -> None:
    with pytest.raises(ValueError, match="^a model with n_layer=0 has no attention$"):
        attend(make_model(n_layer=0), IDS)


def test_a_text_longer_than_the_block_is_refused() -> None:
    with pytest.raises(ValueError, match="^17 tokens do not fit block_size=16"):
        attend(make_model(), torch.zeros(17, dtype=torch.long))


# --- heads read one quantity at a time -----------------------------------------------------------


@pytest.mark.parametrize("n_head", [1, 4, 16])
@pytest.mark.parametrize("length", [1, 13])
def test_scores_and_weights_of_queries_and_keys_are_those_of_attend(
    n_head: int, length: int
) -> None:
    model = make_model(n_head=n_head)
    heads, attention = read_heads(model, IDS[:length]), attend(model, IDS[:length])
    assert heads["queries"].shape == heads["keys"].shape == (3, n_head, length, 16 // n_head)
    scores = scores_of(heads["queries"].numpy(), heads["keys"].numpy())
    np.testing.assert_allclose(scores, attention.scores, rtol=0, atol=1e-6)
    np.testing.assert_allclose(weights_of(scores), attention.weights, rtol=0, atol=1e-6)


def added_by_heads(model: BigramLanguageModel, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
    """W_O^h v of every head and token (H, T, C), one by one, and what the attention puts out."""
    sa = f"blocks.{layer}.sa"
    with tapped(model, f"{sa}.qkv", f"{sa}.proj") as seen:
        model(IDS[None])
    C, H = model.config.n_embd, model.config.n_head
    size = C // H
    values, output = seen[f"{sa}.qkv"][0, :, 2 * C :], model.get_parameter(f"{sa}.proj.weight")
    added = torch.zeros(H, len(IDS), C)
    for head in range(H):
        part = slice(head * size, (head + 1) * size)
        for token in range(len(IDS)):
            added[head, token] = output[:, part] @ values[token, part]
    return added.detach(), seen[f"{sa}.proj"][0]


@pytest.mark.parametrize("bias", [False, True])
def test_the_norm_of_a_value_is_that_of_what_its_head_adds(bias: bool) -> None:
    model = scrambled(config(bias=bias, block_size=16, vocab_size=13)).eval()
    norms = read_heads(model, IDS)["value_norms"]
    assert norms.shape == (2, 3, 13)
    for layer in range(2):
        added, _ = added_by_heads(model, layer)
        torch.testing.assert_close(norms[layer], added.norm(dim=-1), rtol=1e-5, atol=1e-6)


def test_what_heads_add_by_their_weights_is_the_attentions_output_before_its_bias() -> None:
    model = scrambled(config(bias=True, block_size=16, vocab_size=13)).eval()
    weights = torch.tensor(attend(model, IDS).weights)
    for layer in range(2):
        added, out = added_by_heads(model, layer)
        bias = model.get_parameter(f"blocks.{layer}.sa.proj.bias").detach()
        torch.testing.assert_close(
            (weights[layer] @ added).sum(0), out - bias, rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("position", POSITIONS)
def test_stacked_models_are_read_at_once_as_each_alone(norm: str, position: str) -> None:
    shape = config(norm=norm, norm_position=position, block_size=16, vocab_size=13)
    models = [scrambled(shape, seed).eval() for seed in (0, 1)]
    alone, stacked = alone_and_stacked(read_heads, models, IDS)
    assert alone.keys() == stacked.keys() == {"queries", "keys", "value_norms"}
    for name, values in alone.items():
        torch.testing.assert_close(stacked[name], values, rtol=1e-5, atol=1e-5)


def test_no_layer_no_heads_to_read() -> None:
    with pytest.raises(ValueError, match="^a model with n_layer=0 has no attention$"):
        read_heads(make_model(n_layer=0), IDS)


def test_weights_of_scores_log_1_log_3_are_quarters() -> None:
    scores = np.log([[5.0, 7.0], [1.0, 3.0]])
    np.testing.assert_allclose(weights_of(scores), [[1.0, 0.0], [0.25, 0.75]], rtol=1e-6)


def test_scores_keep_their_numbers_when_weights_are_made_of_them() -> None:
    scores = np.arange(8.0, dtype=np.float32).reshape(2, 2, 2)
    scores.flags.writeable = False
    assert weights_of(scores).shape == (2, 2, 2)
    assert scores.ravel().tolist() == list(range(8))


def test_large_scores_do_not_overflow() -> None:
    """Far above what exp can hold in float32: the larger one takes it all."""
    assert weights_of(np.array([[1e30, 0], [1e30, -1e30]]))[1].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_make_their_rows_none_and_the_others_stay(bad: float) -> None:
    scores = np.zeros((3, 3), np.float32)
    scores[1, 0] = scores[0, 2] = bad  # the second is behind the query: nobody reads it
    expected = np.array([[1, 0, 0], [math.nan, math.nan, 0], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(weights_of(scores), expected, rtol=1e-6)


def test_queries_that_are_no_numbers_make_such_scores_without_a_word() -> None:
    queries = np.array([[math.nan], [math.inf], [2.0]], np.float32)
    keys = np.array([[0.0], [1.0], [3e38]], np.float32)
    expected = [[math.nan] * 3, [math.nan, math.inf, math.inf], [0.0, 2.0, 2 * float(keys[2, 0])]]
    np.testing.assert_array_equal(scores_of(queries, keys), expected)
