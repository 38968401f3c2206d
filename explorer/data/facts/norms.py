"""Numbers before and after a norm that reads the run's example."""

import numpy as np
import torch

from explorer.data.facts.arguments import recorded
from explorer.data.facts.tables import written
from explorer.visit.sentence import example
from model_core.normalization.statistics import around_norms, norm_statistics
from model_core.runs import Run


def norm(run: Run, number: str, norm: str = "0", step: str = "last") -> float:
    """`mean_in`, `std_in`, `mean_out` or `std_out` of a norm that reads the run's example."""
    ids = torch.tensor(run.tokenizer.encode(example(run))[: run.model_config.block_size])
    statistics = norm_statistics(run.model_at(recorded(run, step)), ids[None])
    if number not in statistics or number == "norm":
        raise ValueError(f"{number!r} is none of {', '.join(statistics.columns[1:])}")
    return float(statistics[number].iloc[int(norm)])


def entering(run: Run, position: str, norm: str = "0", step: str = "last") -> str:
    """The numbers of one position of the example before a norm."""
    return written(_around(run, position, norm, step)[0])


def leaving(run: Run, position: str, norm: str = "0", step: str = "last") -> str:
    """The same after it, after gain and shift."""
    return written(_around(run, position, norm, step)[1])


def mean_at(run: Run, position: str, norm: str = "0", step: str = "last") -> float:
    """Over the channels of one position before a norm."""
    return float(_around(run, position, norm, step)[0].mean(dtype=np.float64))


def std_at(run: Run, position: str, norm: str = "0", step: str = "last") -> float:
    """The same, with the divisor C."""
    return float(_around(run, position, norm, step)[0].std(dtype=np.float64))


def _around(run: Run, position: str, norm: str, step: str) -> np.ndarray:
    """(2, C): what enters and leaves a norm that reads the run's example, at one position."""
    ids = torch.tensor(run.tokenizer.encode(example(run))[: run.model_config.block_size])
    with torch.inference_mode():
        both = torch.stack(around_norms(run.model_at(recorded(run, step)), ids[None]))
    return both[:, int(norm), 0, int(position)].numpy()
