"""What the models of a run read in a text, step after step: one Reader a run, text and sight."""

from functools import partial

import torch

from explorer.data.cache import cached
from explorer.levels import levels
from model_core.attention import roles
from model_core.attention.heads import read_weights
from model_core.normalization import read_entering, read_scales
from model_core.prediction.flow import read_flow
from model_core.prediction.lens import read_lens
from model_core.prediction.pairs import contexts, read_next
from model_core.runs import Run
from model_core.runs.history import Arrays, History, Reader, Sight

Ids = tuple[int, ...]
LIKELIEST = 10  # tokens kept of what may come next


@cached(1)
def history() -> History:
    return History()


@cached(8)
def reader(run: Run, kind: str, ids: Ids, _sight: Sight) -> Reader:
    """`kind` names the sight."""
    return Reader(history(), _sight, torch.tensor(ids))


@cached(8)
def lens_reader(run: Run, ids: Ids, position: int) -> Reader:
    return Reader(history(), partial(read_lens, position=position), torch.tensor(ids))


@cached(8)
def flow_reader(run: Run, ids: Ids) -> Reader:
    """What a sentence is on its way through the model; its weights as `levels`."""
    sight = partial(read_flow, count=LIKELIEST)

    def packed(seen: Arrays) -> Arrays:
        return seen | {"levels": levels(seen.pop("weights"))}

    return Reader(history(), sight, torch.tensor(ids), reduce=packed)


@cached(8)
def next_reader(run: Run, first: int) -> Reader:
    """What comes next after a token of the training text; ValueError where it has no contexts."""
    ids = run.split().train.numpy()
    return Reader(
        history(), read_next, torch.from_numpy(contexts(ids, first, run.model_config.block_size))
    )


@cached(16)  # of all variants of a run or two
def scale_reader(run: Run, ids: Ids) -> Reader:
    return Reader(history(), read_scales, torch.tensor(ids))


@cached(4)
def entering_reader(run: Run, batch: tuple[Ids, ...], norm: str) -> Reader:
    return Reader(history(), partial(read_entering, norm=norm), torch.tensor(batch))


@cached(8)
def probe_reader(run: Run) -> Reader:
    """What every head scores on fresh random texts."""
    probes = roles.probe_ids(run.model_config.vocab_size, run.model_config.block_size)

    def scored(seen: Arrays) -> Arrays:  # (S, B, L, H, T, T)
        return {"scores": roles.probe_scores(seen["weights"].swapaxes(0, 1), probes)}

    return Reader(history(), read_weights, probes, reduce=scored)
