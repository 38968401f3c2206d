"""Untrained models with weights far from where they start."""

from typing import Any

import torch

from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.norms import KINDS

NORMS = KINDS
NORMS_LISTED = f"{', '.join(map(repr, KINDS[:-1]))} or {KINDS[-1]!r}"
POSITIONS = ("pre", "post")


def config(**changes: Any) -> ModelConfig:
    sizes = {"vocab_size": 11, "block_size": 9, "n_embd": 12, "n_head": 3, "n_layer": 2}
    return ModelConfig(**{**sizes, **changes})


def scrambled(model_config: ModelConfig, seed: int = 0) -> BigramLanguageModel:
    """A model whose gains, biases and running statistics are all far from where they start."""
    torch.manual_seed(seed)
    model = BigramLanguageModel(model_config)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2.0)
            elif name.endswith("running_mean") or tensor.dim() == 1:
                tensor.normal_(0.3, 0.5)
    return model
