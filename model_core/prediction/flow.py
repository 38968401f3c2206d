"""A sentence on its way through a model: its rows, attention, stream, and what comes next."""

import torch
import torch.nn.functional as F
from torch import Tensor

from model_core.model import BigramLanguageModel
from model_core.prediction.lens import lens, residuals
from model_core.taps import tapped


@torch.no_grad()
def read_flow(model: BigramLanguageModel, ids: Tensor, count: int) -> dict[str, Tensor]:
    """What becomes of ids (T,) between the tables and the prediction.

    "rows" (T, C): token row plus position row, which enter the first block. "weights" (L, H, T, T)
    of attention. "sizes" (L+1, T): the Euclidean norm of the residual stream before the first block
    and after each. "next" and "chances" (T, K): ids and probabilities of the K tokens that are
    likeliest after each position, in descending order, K = `count` or V where that is less. "true"
    (T,): the probability of the token that follows, NaN at the last position.

    Tensor operations only, so it runs under `torch.func.vmap`.
    """
    with tapped(model, *(heads.weights for heads in model.anatomy.heads)) as seen:
        stream = residuals(model, ids)  # (L+1, T, C)
    given = lens(model, stream[-1]).softmax(-1)  # (T, V)
    chances, likeliest = given.topk(min(count, given.shape[-1]))
    true = given[:-1].gather(-1, ids[1:, None])[:, 0]
    layers, nothing = list(seen.values()), stream.new_empty(0, model.config.n_head, *2 * ids.shape)
    return {
        "rows": stream[0],
        "weights": torch.cat(layers) if layers else nothing,
        "sizes": torch.linalg.vector_norm(stream, dim=-1),
        "next": likeliest,
        "chances": chances,
        "true": F.pad(true, (0, 1), value=float("nan")),
    }
