"""Numbers of what a model expects after a text."""

import numpy as np
import torch

from explorer.data.facts.arguments import recorded, token_id
from model_core.labels import token_label
from model_core.prediction.lens import next_probabilities
from model_core.runs import Run


def probability(run: Run, text: str, then: str, step: str = "last") -> float:
    """Of a token after a text, by the model."""
    return float(_next(run, text, step)[token_id(run, then)])


def likeliest(run: Run, text: str, step: str = "last") -> str:
    return token_label(run.tokenizer.tokens[int(_next(run, text, step).argmax())])


def _next(run: Run, text: str, step: str) -> np.ndarray:
    ids = torch.tensor(run.tokenizer.encode(text)[-run.model_config.block_size :])
    if not len(ids):
        raise ValueError("a model needs a text to read")
    with torch.inference_mode():
        logits = run.model_at(recorded(run, step))(ids[None])[0][0, -1]
    return next_probabilities(logits)
