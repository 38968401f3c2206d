"""A baseline of training speed: nanoGPT's own model and optimizer, from a checkout of it.

The loop and settings follow its advice for shakespeare_char on a CPU: no biases, no dropout, no
compilation. The checkout is not part of this repository: https://github.com/karpathy/nanoGPT
"""

import importlib.util
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

WARM_UP = 20  # steps before the clock starts


def load_module(folder: Path) -> Any:
    """nanoGPT's model.py; ValueError when `folder` is not a checkout of it."""
    path = folder / "model.py"
    spec = importlib.util.spec_from_file_location("nanogpt_model", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ValueError(f"{folder} has no model.py; give a checkout of karpathy/nanoGPT")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def get_batch(data: np.ndarray, batch_size: int, block_size: int) -> tuple[Tensor, Tensor]:
    """Windows of uint16 ids, widened and stacked one by one."""
    starts = torch.randint(len(data) - block_size, (batch_size,)).tolist()
    x = [torch.from_numpy(data[s : s + block_size].astype(np.int64)) for s in starts]
    y = [torch.from_numpy(data[s + 1 : s + 1 + block_size].astype(np.int64)) for s in starts]
    return torch.stack(x), torch.stack(y)


def tokens_per_second(
    ids: Tensor, folder: Path, steps: int, *, batch_size: int, block_size: int, **sizes: int
) -> float:
    """Tokens trained on in a second, over `steps` steps on ids (N,) int64, after a warm-up."""
    torch.manual_seed(1337)
    nanogpt, data = load_module(folder), ids.numpy().astype(np.uint16)
    sizes |= {"block_size": block_size}
    with redirect_stdout(StringIO()):  # it reports its parameters
        config = nanogpt.GPTConfig(vocab_size=int(ids.max()) + 1, bias=False, dropout=0.0, **sizes)
        model = nanogpt.GPT(config)
        optimizer = model.configure_optimizers(0.1, 1e-3, (0.9, 0.99), "cpu")
    x, y = get_batch(data, batch_size, block_size)
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            start = time.perf_counter()
        _, loss = model(x, y)
        x, y = get_batch(data, batch_size, block_size)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return steps * batch_size * block_size / (time.perf_counter() - start)
