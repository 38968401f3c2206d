"""What the model predicts next, at its end and at every depth before it (the logit lens)."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from model_core.arrays import freeze
from model_core.model import BigramLanguageModel
from model_core.taps import tapped


def lens_names(n_layer: int) -> tuple[str, ...]:
    """The K = L + 1 depths of `residuals`; the last is the model's own output."""
    return ("embedding", *(f"block {i}" for i in range(n_layer)))


@torch.no_grad()
def residuals(model: BigramLanguageModel, ids: Tensor) -> Tensor:
    """The residual stream (K, T, C) before the first block and after each, for ids (T,).

    Tensor operations only, as in `lens`: both run under `torch.func.vmap`. ValueError when the
    text does not fit block_size.
    """
    with tapped(model, *model.anatomy.depths, stop=True) as seen:
        model(ids[None])
    return torch.stack([seen[site][0] for site in model.anatomy.depths])


@torch.no_grad()
def lens(model: BigramLanguageModel, residuals: Tensor) -> Tensor:
    """Logits (..., V) if the model ended at this depth of its residual stream (..., C).

    The final norm and the head read the stream as they would read its end (nostalgebraist 2020).
    """
    names = model.anatomy.final_norm, model.anatomy.head.name
    norm, head = (model.get_submodule(name) for name in names)
    return head(norm(residuals))


def next_probabilities(logits: Tensor) -> np.ndarray:
    """The softmax of logits (..., V), float32; NaN throughout where one is NaN or +inf."""
    return freeze(logits.softmax(-1))


def top_tokens(probabilities: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids (int64) and probabilities of the `count` likeliest of (..., V): (..., count) each.

    In descending order, equals by ascending id, NaN last. ValueError when there are not as many.
    """
    if not 1 <= count <= probabilities.shape[-1]:
        raise ValueError(f"count must be in [1, {probabilities.shape[-1]:,}], got {count}")
    ids = np.argsort(-probabilities, axis=-1, kind="stable")[..., :count]
    return ids, np.take_along_axis(probabilities, ids, axis=-1)


@torch.no_grad()
def read_lens(model: BigramLanguageModel, ids: Tensor, position: int) -> dict[str, Tensor]:
    """Probabilities at each of K depths while `model` reads ids (T,).

    "true" (K, T): of the token that follows each position, NaN at the last, whose successor
    is unknown. "next" (K, V): of every token after `position`.
    """
    given = lens(model, residuals(model, ids)).softmax(-1)  # (K, T, V)
    following = ids[1:].expand(len(given), -1)[..., None]  # (K, T-1, 1)
    true = given[:, :-1].gather(-1, following)[..., 0]
    return {"true": F.pad(true, (0, 1), value=float("nan")), "next": given[:, position]}
