"""What norms and layers of a run's models do while they read a sentence or a batch."""

import math
from functools import partial

import numpy as np
import torch

from explorer.data.cache import cached
from explorer.data.readers import Ids, entering_reader, reader, scale_reader
from explorer.visit.moment import Moment
from model_core import normalization
from model_core.anatomy import parameter_shapes
from model_core.normalization import (
    part_parameters,
    read_backward,
    read_distributions,
    read_inputs,
    read_layers,
    read_norm,
    read_parts,
)
from model_core.runs import Run
from model_core.runs.history import Arrays


def layers(moment: Moment, ids: Ids) -> Arrays:
    """What `read_layers` sees at every step shown."""
    return reader(moment.run, "layers", ids, read_layers).at(moment.run, moment.steps)


def parts(moment: Moment, ids: Ids) -> Arrays:
    """What `read_parts` sees at every step shown."""
    return reader(moment.run, "parts", ids, read_parts).at(moment.run, moment.steps)


def backward(moment: Moment, ids: Ids) -> Arrays:
    """What `read_backward` sees at every step shown."""
    return reader(moment.run, "backward", ids, read_backward).at(moment.run, moment.steps)


def unbacked(moment: Moment, ids: Ids) -> bool:
    """Whether `backward` has read the sentence at no step yet."""
    return not reader(moment.run, "backward", ids, read_backward).begun


def part_counts(run: Run) -> list[int]:
    """How many parameters each of `part_sites` has."""
    shapes = parameter_shapes(run.model_config)
    parts = part_parameters(run.model_config, run.anatomy)
    return [sum(math.prod(shapes[name]) for name in names) for names in parts.values()]


@cached(16)
def part_shapes(run: Run, count: int) -> list[tuple[int, ...]]:
    """What each part puts out for so many tokens."""
    ids = torch.zeros(count, dtype=torch.long)
    return normalization.part_shapes(run.model_at(int(run.steps[0])), ids)


def distributions(moment: Moment, ids: Ids) -> Arrays:
    """What `read_distributions` sees at every step shown."""
    found = reader(moment.run, "distributions", ids, read_distributions)
    return found.at(moment.run, moment.steps)


def norm(moment: Moment, ids: Ids, name: str) -> Arrays:
    """What enters and what leaves one norm at every step shown: (S, T, C) each."""
    sight = partial(read_norm, name=name)
    return reader(moment.run, name, ids, sight).at(moment.run, moment.steps)


def inputs(run: Run, steps: np.ndarray, ids: Ids, layer: str) -> Arrays:
    """What `read_inputs` sees at some recorded steps, before and after the norm: (S, T, C)."""
    sight = partial(read_inputs, layer=layer)
    return reader(run, f"inputs of {layer}", ids, sight).at(run, steps)


def scales(run: Run, ids: Ids) -> np.ndarray:
    """What `read_scales` sees at every recorded step of a run: (S, K)."""
    return scale_reader(run, ids).at(run, run.steps)["scale"]


def entering(moment: Moment, batch: tuple[Ids, ...], norm: str) -> Arrays:
    """What `read_entering` sees of a batch of B texts at every step shown: (S, B, T, C), (S, C)."""
    return entering_reader(moment.run, batch, norm).at(moment.run, moment.steps)
