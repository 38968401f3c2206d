"""Operations of a forward pass: the formula against torch's own counter."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from model_core.config import ModelConfig
from model_core.costs import flops_a_token
from model_core.model import BigramLanguageModel
from model_core.taps import tapped

SHAPES = [(27, 8, 6, 2, 2), (50, 16, 32, 4, 3), (10, 4, 5, 1, 0)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_formula_is_what_torch_counts(shape: tuple[int, ...]) -> None:
    names = ("vocab_size", "block_size", "n_embd", "n_head", "n_layer")
    config = ModelConfig(**dict(zip(names, shape, strict=True)))
    model = BigramLanguageModel(config).eval()
    ids = torch.zeros(1, config.block_size, dtype=torch.long)
    sites = [heads.weights for heads in model.anatomy.heads]
    with tapped(model, *sites), FlopCounterMode(display=False) as counter:  # attention in full
        model(ids)
    assert flops_a_token(config) * config.block_size == counter.get_total_flops()


def test_by_hand() -> None:
    config = ModelConfig(vocab_size=27, block_size=41, n_embd=5, n_head=1, n_layer=2)
    assert flops_a_token(config) == 2 * (24 * 25 + 4 * 41 * 5) + 2 * 5 * 27
