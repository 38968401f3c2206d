"""What `attend` says, against PyTorch's fused attention and against numbers done by hand."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from model_core.attention import Attention, attend
from model_core.config import ModelConfig, Norm
from model_core.model import BigramLanguageModel, MultiHeadAttention
from model_core.taps import tapped


def make_model(n_layer: int = 3, n_head: int = 4, norm: Norm = "layer") -> BigramLanguageModel:
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
