"""The language model in one file: embeddings, blocks of attention, a head.

B batch, T time, C channels (n_embd), V vocabulary, H heads, L layers.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_core.anatomy import Anatomy, anatomy_of
from model_core.config import ModelConfig
from model_core.norm_modules import norm_module


class MultiHeadAttention(nn.Module):
    """Causal self-attention of H heads, head_size = C / H (Vaswani et al. 2017).

    `scores` and `weights` are sites to tap: while one is tapped, attention is computed step by
    step instead of by the fused kernel, with the same result.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_head = config.n_head
        self.dropout_rate = config.dropout
        self.qkv = nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.proj = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.dropout = nn.Dropout(config.dropout)
        self.scores = nn.Identity()
        self.weights = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:  # (B, T, C) -> (B, T, C)
        B, T, C = x.shape
        qkv = self.qkv(x).view(B, T, 3, self.n_head, C // self.n_head)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, T, head_size)
        if any(tap._forward_hooks or tap._forward_pre_hooks for tap in (self.scores, self.weights)):
            out = self._explicit(query, key, value)
        else:
            rate = self.dropout_rate if self.training else 0.0
            out = F.scaled_dot_product_attention(query, key, value, is_causal=True, dropout_p=rate)
        return self.dropout(self.proj(out.transpose(1, 2).reshape(B, T, C)))

    def _explicit(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        T = query.shape[-2]
        scores = self.scores(query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1]))
        future = torch.ones(T, T, dtype=torch.bool, device=scores.device).triu(1)
        weights = self.weights(scores.masked_fill(future, -torch.inf).softmax(-1))  # (B, H, T, T)
        return F.dropout(weights, self.dropout_rate, self.training) @ value


class FeedForward(nn.Module):
    """Each position by itself: C → 4C → ReLU → C."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.expand = nn.Linear(config.n_embd, 4 * config.n_embd, bias=config.bias)
        self.activation = nn.ReLU(inplace=True)
        self.proj = nn.Linear(4 * config.n_embd, config.n_embd, bias=config.bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:  # (B, T, C) -> (B, T, C)
        return self.dropout(self.proj(self.activation(self.expand(x))))


class Block(nn.Module):
    """Attention, then the feed-forward network, each added to the residual stream.

    With norm_position "pre" a norm precedes each of the two (ln1, ln2); with "post" it
    normalizes the stream after each addition, as in the first transformer.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.post = config.norm_position == "post"
        self.ln1 = norm_module(config.norm, config.n_embd)
        self.sa = MultiHeadAttention(config)
        self.ln2 = norm_module(config.norm, config.n_embd)
        self.ffwd = FeedForward(config)
        self.resid_pre, self.resid_mid = nn.Identity(), nn.Identity()
        self.resid_post = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:  # (B, T, C) -> (B, T, C)
        x = self.resid_pre(x)
        if self.post:
            x = self.resid_mid(self.ln1(x + self.sa(x)))
            return self.resid_post(self.ln2(x + self.ffwd(x)))
        x = self.resid_mid(x + self.sa(self.ln1(x)))
        return self.resid_post(x + self.ffwd(self.ln2(x)))


class BigramLanguageModel(nn.Module):
    """A GPT-like model of what token comes next; with n_layer=0, bigrams with positions.

    Embeddings start from a normal distribution of standard deviation `embedding_init_std`, with
    `equal_rows` one row of it for all, and linear layers from PyTorch's default, those of the
    blocks times `linear_init_gain`.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding_table = nn.Embedding(config.vocab_size, config.n_embd)
        self.position_embedding_table = nn.Embedding(config.block_size, config.n_embd)
        self.blocks = nn.Sequential(*[Block(config) for _ in range(config.n_layer)])
        self.ln_f = norm_module(config.norm, config.n_embd)
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=config.bias)
        with torch.no_grad():
            for table in (self.token_embedding_table, self.position_embedding_table):
                table.weight.mul_(config.embedding_init_std)
                if config.equal_rows:
                    table.weight.copy_(table.weight[0].clone())
            for layer in self.blocks.modules():
                if isinstance(layer, nn.Linear):
                    layer.weight.mul_(config.linear_init_gain)

    @property
    def anatomy(self) -> Anatomy:
        """The names of its modules and parameters."""
        return anatomy_of(self.config)

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (B, T, V) of the token after each of idx (B, T), T ≤ block_size.

        With targets (B, T) also the mean cross-entropy in nats per token, else None.
        """
        logits = self.lm_head(self.ln_f(self.blocks(self.embed(idx))))
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))

    def embed(self, idx: Tensor) -> Tensor:
        """What enters the first block for idx (B, T): token rows plus position rows, (B, T, C)."""
        T = idx.shape[1]
        if self.config.block_size < T:
            raise ValueError(
                f"{T:,} tokens do not fit block_size={self.config.block_size}; cut the text"
            )
        tokens = self.token_embedding_table(idx)  # (B, T, C)
        return tokens + self.position_embedding_table.weight[:T]

    @torch.inference_mode()
    def generate(
        self,
        idx: Tensor,
        max_new_tokens: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """idx (B, T) continued by max_new_tokens sampled ones: (B, T + max_new_tokens).

        Logits are divided by temperature (0: always the likeliest token); top_k keeps the k
        likeliest. Only the last block_size tokens are read. ValueError for T = 0, a temperature
        below 0 or a top_k below 1.
        """
        check_drawing(idx, temperature, top_k)
        for _ in range(max_new_tokens):
            logits = self(idx[:, -self.config.block_size :])[0][:, -1]  # (B, V)
            drawn, _ = draw(logits, temperature, top_k, generator)
            idx = torch.cat([idx, drawn], dim=1)
        return idx


def check_drawing(idx: Tensor, temperature: float, top_k: int | None) -> None:
    """ValueError when idx (B, T) cannot be continued in this way."""
    if not temperature >= 0:
        raise ValueError(f"temperature must be 0 or more, got {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be 1 or more, got {top_k}")
    if not idx.shape[1]:
        raise ValueError("nothing to continue: give at least one token")


def draw(
    logits: Tensor, temperature: float, top_k: int | None, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """One token id for each row of logits (B, V), and the chance it had: (B, 1) each."""
    if temperature == 0 or top_k == 1:
        return logits.argmax(-1, keepdim=True), torch.ones_like(logits[:, :1])
    # the largest becomes 0 before the division: a tiny temperature must not overflow
    logits = (logits - logits.amax(-1, keepdim=True)) / temperature
    if top_k is not None and top_k < logits.shape[-1]:
        ids = logits.topk(top_k).indices  # exactly k, also among equals
        logits = torch.full_like(logits, -torch.inf).scatter(-1, ids, logits.gather(-1, ids))
    chances = logits.softmax(-1)
    ids = torch.multinomial(chances, 1, generator=generator)
    return ids, chances.gather(-1, ids)
