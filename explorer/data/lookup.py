"""What a run's model itself receives before its first block."""

import numpy as np
import torch

from explorer.data.cache import cached, settled
from explorer.data.readers import Ids
from explorer.visit.moment import Moment
from model_core.embeddings import lookup


@cached(8, settled)
def entering(moment: Moment, ids: Ids) -> np.ndarray:
    """(T, C) float32 at the settled step, in a forward pass."""
    return lookup.entering(moment.run.model_at(moment.step), torch.tensor(ids))
