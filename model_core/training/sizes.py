"""Model sizes that fit a text: what to suggest where nobody knows yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model_core.config import MAX_TEXT_BYTES, ModelConfig

BATCH = 16
LONGEST = 64  # tokens read at a time
PASSES = 20  # times that a training goes over its text
FEWEST, MOST = 500, 5000  # steps
Size = tuple[int, int, int, float]  # channels, heads, layers, learning rate
# Small to large.
SIZES: tuple[Size, ...] = ((16, 2, 2, 1e-2), (32, 4, 2, 3e-3), (64, 4, 4, 3e-3), (128, 4, 4, 3e-3))


@dataclass(frozen=True)
class Fit:
    """Settings for a text of `tokens` tokens, `different` of them, and how many weights they make.

    `held_back`: whether a tenth of the text is long enough to measure the validation loss on.
    """

    tokens: int
    different: int
    weights: int
    held_back: bool
    settings: Mapping[str, Any]


def fit(tokens: int, different: int) -> Fit:
    """The largest of SIZES with no more weights than the text has tokens, else the smallest.

    A window is at most a tenth of the text, so that the tenth held back has one; a text too short
    for that is read whole. ValueError for less than two tokens.
    """
    if not 2 <= tokens <= MAX_TEXT_BYTES:
        raise ValueError(f"a text must have 2 to {MAX_TEXT_BYTES:,} tokens, got {tokens:,}")
    tenth = tokens // 10 - 1
    block = min(LONGEST, tenth if tenth >= 4 else tokens - 1)
    counts = [config_of(size, different, block).weights for size in SIZES]
    at = max((n for n, count in enumerate(counts) if count <= tokens), default=0)
    channels, heads, layers, rate = SIZES[at]
    steps = round(PASSES * tokens / (BATCH * block), -2)
    settings = {
        "block_size": block,
        "n_embd": channels,
        "n_head": heads,
        "n_layer": layers,
        "batch_size": BATCH,
        "steps": int(min(max(steps, FEWEST), MOST)),
        "learning_rate": rate,
    }
    return Fit(tokens, different, counts[at], tokens // 10 >= block + 1, settings)


def config_of(size: Size, vocab_size: int, block_size: int) -> ModelConfig:
    """The model of one of SIZES, for a vocabulary and a window."""
    channels, heads, layers, _ = size
    return ModelConfig(
        vocab_size=vocab_size,
        block_size=block_size,
        n_embd=channels,
        n_head=heads,
        n_layer=layers,
    )
