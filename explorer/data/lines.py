"""The model's code line by line, with what each line assigns at the steps shown."""

from functools import partial

import torch

from explorer.data.cache import cached
from explorer.data.readers import Ids, reader
from explorer.visit.moment import Moment
from model_core.lines import Call, follow, read_lines
from model_core.runs import Run
from model_core.runs.history import Arrays, Reader


@cached(16)
def calls(run: Run, count: int, layer: int) -> list[Call]:
    """The calls for a sentence of so many tokens: lines and shapes are those of every such one."""
    return follow(run.model_at(int(run.steps[0])), torch.zeros(count, dtype=torch.long), layer)


def seen(moment: Moment, ids: Ids, layer: int) -> Arrays:
    """What `read_lines` sees at every step shown."""
    return _reader(moment, ids, layer).at(moment.run, moment.steps)


def unread(moment: Moment, ids: Ids, layer: int) -> bool:
    """Whether `seen` has read the sentence at no step yet."""
    return not _reader(moment, ids, layer).begun


def _reader(moment: Moment, ids: Ids, layer: int) -> Reader:
    return reader(moment.run, f"lines of {layer}", ids, partial(read_lines, layer=layer))
