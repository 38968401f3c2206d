"""A baseline of training speed: a character GPT as lectures write it, one module a head."""

import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WARM_UP = 20  # steps before the clock starts


class Head(nn.Module):
    """One head of causal self-attention with matrices of its own."""

    def __init__(self, n_embd: int, head_size: int, block_size: int) -> None:
        super().__init__()
        self.key = nn.Linear(n_embd, head_size, bias=False)
        self.query = nn.Linear(n_embd, head_size, bias=False)
        self.value = nn.Linear(n_embd, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(block_size, block_size)))

    def forward(self, x: Tensor) -> Tensor:  # (B, T, C) -> (B, T, head_size)
        T = x.shape[1]
        key, query = self.key(x), self.query(x)
        scores = query @ key.transpose(-2, -1) * key.shape[-1] ** -0.5  # (B, T, T)
        scores = scores.masked_fill(self.get_buffer("tril")[:T, :T] == 0, float("-inf"))
        return F.softmax(scores, dim=-1) @ self.value(x)


class MultiHeadAttention(nn.Module):
    """Heads one after the other, their outputs side by side, then a projection."""

    def __init__(self, n_embd: int, n_head: int, block_size: int) -> None:
        super().__init__()
        heads = [Head(n_embd, n_embd // n_head, block_size) for _ in range(n_head)]
        self.heads = nn.ModuleList(heads)
        self.proj = nn.Linear(n_embd, n_embd)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(torch.cat([head(x) for head in self.heads], dim=-1))


class FeedForward(nn.Module):
    def __init__(self, n_embd: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(n_embd, 4 * n_embd), nn.ReLU(), nn.Linear(4 * n_embd, n_embd)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Block(nn.Module):
    def __init__(self, n_embd: int, n_head: int, block_size: int) -> None:
        super().__init__()
        self.sa = MultiHeadAttention(n_embd, n_head, block_size)
        self.ffwd = FeedForward(n_embd)
        self.ln1, self.ln2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.sa(self.ln1(x))
        return x + self.ffwd(self.ln2(x))


class LectureModel(nn.Module):
    """Biases, initial weights and everything else as PyTorch has them by default."""

    def __init__(
        self, vocab_size: int, *, block_size: int, n_embd: int, n_head: int, n_layer: int
    ) -> None:
        super().__init__()
        self.token_embedding_table = nn.Embedding(vocab_size, n_embd)
        self.position_embedding_table = nn.Embedding(block_size, n_embd)
        self.blocks = nn.Sequential(*[Block(n_embd, n_head, block_size) for _ in range(n_layer)])
        self.ln_f = nn.LayerNorm(n_embd)
        self.lm_head = nn.Linear(n_embd, vocab_size)

    def forward(self, idx: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B·T, V) and the mean cross-entropy in nats per token."""
        B, T = idx.shape
        x = self.token_embedding_table(idx) + self.position_embedding_table(torch.arange(T))
        logits = self.lm_head(self.ln_f(self.blocks(x))).view(B * T, -1)
        return logits, F.cross_entropy(logits, targets.view(B * T))


def get_batch(ids: Tensor, batch_size: int, block_size: int) -> tuple[Tensor, Tensor]:
    """Windows stacked one by one."""
    starts = torch.randint(len(ids) - block_size, (batch_size,))
    x = torch.stack([ids[start : start + block_size] for start in starts])
    y = torch.stack([ids[start + 1 : start + block_size + 1] for start in starts])
    return x, y


def tokens_per_second(
    ids: Tensor, steps: int, *, batch_size: int, block_size: int, **sizes: int
) -> float:
    """Tokens trained on in a second, over `steps` steps on ids (N,) int64, after a warm-up."""
    torch.manual_seed(1337)
    model = LectureModel(int(ids.max()) + 1, block_size=block_size, **sizes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            start = time.perf_counter()
        x, y = get_batch(ids, batch_size, block_size)
        _, loss = model(x, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return steps * batch_size * block_size / (time.perf_counter() - start)
