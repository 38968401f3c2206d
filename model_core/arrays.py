"""From tensors that keep changing to arrays that never do."""

import numpy as np
from torch import Tensor


def freeze(tensor: Tensor) -> np.ndarray:
    """A read-only float32 copy, independent of the training that goes on."""
    array = tensor.detach().float().cpu().numpy().copy()
    array.flags.writeable = False
    return array
