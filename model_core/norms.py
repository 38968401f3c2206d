"""A norm is a value: what it pools, what it subtracts and what it learns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

NormKind = Literal["layer", "batch", "rms", "dyt", "none"]
KINDS: tuple[NormKind, ...] = get_args(NormKind)
Axis = Literal["batch", "time", "channel"]
EPS = 1e-5  # added to the variance, or mean square, under the root


@dataclass(frozen=True)
class Learned:
    """A learned parameter: its name in the module, its word, symbol and initial value.

    `per_channel`: one number for each channel (C,), else one for the norm (1,).
    """

    parameter: str
    word: str
    symbol: str
    start: float
    per_channel: bool = True


LEARNED: Mapping[str, Learned] = {
    "gamma": Learned("weight", "gain", "γ", 1.0),
    "beta": Learned("bias", "shift", "β", 0.0),
    "alpha": Learned("alpha", "input scale", "α", 0.5, per_channel=False),
}


@dataclass(frozen=True)
class Norm:
    """One kind of normalization.

    `pools`: the axes over which it takes its statistics, none where it takes none. `centres`:
    whether it subtracts their mean. `learns`: names in LEARNED. `reference` names the code that
    results are compared with.
    """

    title: str
    pools: frozenset[Axis]
    centres: bool
    learns: tuple[str, ...]
    reference: str = ""

    @property
    def exists(self) -> bool:
        """False for "none": every norm learns a gain."""
        return bool(self.learns)

    @property
    def over_batch(self) -> bool:
        """Whether it pools over the batch.

        Then sentences depend on each other in training mode, and evaluation mode, with running
        averages, computes something else.
        """
        return "batch" in self.pools

    @property
    def within_token(self) -> bool:
        """Whether it pools over exactly the channels of one token."""
        return self.pools == {"channel"}

    def sizes(self, channels: int) -> list[int]:
        """How many numbers each of its stored tensors has, running averages included."""
        learned = [channels if LEARNED[name].per_channel else 1 for name in self.learns]
        return learned + [channels, channels] * self.over_batch


NORMS: Mapping[NormKind, Norm] = {
    "layer": Norm(  # Ba, Kiros and Hinton 2016
        "layer norm",
        pools=frozenset({"channel"}),
        centres=True,
        learns=("gamma", "beta"),
        reference="torch's LayerNorm",
    ),
    "batch": Norm(  # Ioffe and Szegedy 2015
        "batch norm",
        pools=frozenset({"batch", "time"}),
        centres=True,
        learns=("gamma", "beta"),
        reference="torch's BatchNorm1d",
    ),
    "rms": Norm(  # Zhang and Sennrich 2019
        "RMS norm",
        pools=frozenset({"channel"}),
        centres=False,
        learns=("gamma",),
        reference="torch's RMSNorm",
    ),
    "dyt": Norm(  # Zhu et al. 2025
        "DyT",
        pools=frozenset(),
        centres=False,
        learns=("gamma", "beta", "alpha"),
        reference="torch's tanh",
    ),
    "none": Norm("no norm", pools=frozenset(), centres=False, learns=()),
}
