"""The model drawn while it reads a sentence."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from explorer.charts.parts.arrays import bound, extent
from explorer.levels import NO_NUMBER
from explorer.panels import Frame, Machine, Roles
from explorer.picks import Tokens

LANES = 240  # pixels of all layers together, but each has its least and its most
LANE = (38, 88)
BESIDE = 160  # pixels of letters, rows and what comes next


class Read(NamedTuple):
    """A sentence: its ids and labels, the chosen position, and what was left out before some."""

    ids: Sequence[int]
    labels: Sequence[str]
    position: int
    unread: Mapping[int, str] = MappingProxyType({})


class Model(NamedTuple):
    """The labels of all V tokens, its parameters counted as in `Machine`, and its heads' roles."""

    names: Sequence[str]
    parameters: Sequence[int]
    roles: Roles | None = None


def machine(flow: Mapping[str, np.ndarray], sentence: Read, model: Model, frame: Frame) -> Machine:
    """What `read_flow` saw at S steps of a sentence, its weights as "levels"."""
    ids, labels, position, unread = sentence
    names, parameters, roles = model
    used, indices = np.unique(np.append(flow["next"], [ids]), return_inverse=True)
    following = indices[-len(ids) :][1:]
    return Machine(
        frame.at_height(height_of(flow["sizes"].shape[1] - 1)),
        labels,
        signed_levels(flow["rows"]),
        flow["levels"],
        flow["sizes"],
        extent(flow["sizes"]),
        indices[: flow["next"].size].reshape(flow["next"].shape).astype(np.float32),
        flow["chances"],
        flow["true"],
        [names[int(one)] for one in used],
        [*following.tolist(), -1],
        position,
        Tokens(tuple(ids)),
        len(names),
        parameters,
        _alt(flow, labels, names),
        roles,
        unread,
    )


def height_of(layers: int) -> int:
    """Pixels of the picture on a wide screen."""
    least, most = LANE
    return BESIDE + layers * int(np.clip(LANES // max(layers, 1), least, most))


def signed_levels(values: np.ndarray) -> np.ndarray:
    """Numbers as uint8: 127 is 0, 0 and 254 are the largest magnitude; 255 is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(values / bound(values) * 127) + 127
    return np.where(np.isfinite(scaled), scaled, NO_NUMBER).astype(np.uint8)


def _alt(flow: Mapping[str, np.ndarray], labels: Sequence[str], names: Sequence[str]) -> str:
    """What the picture shows at the last step, in words."""
    steps, depths, time = flow["sizes"].shape
    likeliest, chance = int(flow["next"][-1, -1, 0]), float(flow["chances"][-1, -1, 0])
    opening = (
        f"The model with {depths - 1} layers reads {time} tokens, over {steps} recorded steps."
    )
    if not np.isfinite(chance):
        return f"{opening} At the last step no probability is a number."
    return (
        f"{opening} At the last step it expects '{names[likeliest]}' after '{labels[-1]}', "
        f"with {chance:.0%}."
    )
