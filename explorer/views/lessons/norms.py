"""What the pages say of each norm."""

from collections.abc import Mapping
from dataclasses import dataclass

from model_core.norms import LEARNED, NORMS, NormKind


@dataclass(frozen=True)
class NormWords:
    """The words for one norm.

    `over`, `pooled` and `worked` say over which numbers it takes its statistics: in a model, in a
    block of numbers, in a table of samples and features. `single` is the remark on a table of one
    sample, `explained` what it computes. `plain` and `latex` are the formula of the normalized
    number; {name} and <name> stand for the value of a step or parameter, {(name)} for one that is
    in parentheses where it is negative.
    """

    over: str
    pooled: str
    worked: str = ""
    single: str = ""
    explained: str = ""
    plain: str = ""
    latex: tuple[str, ...] = ()


_CENTRED = "({x} − {(mean)}) / √({variance} + 0.00001)"
_DIVIDED = (r"\hat x", r"<centred> \,/\, <deviation>")
_OWN_STATISTICS = (
    "One sample is enough: its {features} features have statistics of their own, "
    "whatever else is in the batch."
)

NORM_WORDS: Mapping[NormKind, NormWords] = {
    "layer": NormWords(
        over="each token's channels, so no token feels another",
        pooled="all channels of one token",
        worked="One mean and variance for each **sample**, over its features: along a row. The "
        "same in training and evaluation mode.",
        single=_OWN_STATISTICS,
        explained="**Layer norm** (Ba, Kiros and Hinton 2016): μ and σ² are those of one token's C "
        "channels.",
        plain=_CENTRED,
        latex=_DIVIDED,
    ),
    "batch": NormWords(
        over="all tokens of the batch, channel by channel; here in evaluation mode, with the "
        "running averages",
        pooled="one channel at all tokens of all sentences",
        worked="One mean and variance for each **feature**, over the samples: down a column.",
        single="One sample is enough in evaluation mode: mean and variance come from earlier "
        "batches. In training mode torch refuses it, since a single number has no variance.",
        explained="**Batch norm** (Ioffe and Szegedy 2015): those of one channel over the B·T "
        "tokens of a batch; in evaluation mode, running averages of them.",
        plain=_CENTRED,
        latex=_DIVIDED,
    ),
    "rms": NormWords(
        over="each token's channels (only their size; the mean stays)",
        pooled="all channels of one token",
        worked="One mean square for each **sample**, over its features: along a row. No mean is "
        "subtracted, no β added. The same in training and evaluation mode.",
        single=_OWN_STATISTICS,
        explained="**RMS norm** (Zhang and Sennrich 2019): a token is divided by the root mean "
        "square of its channels; no mean is subtracted, no β added.",
        plain="{x} / √({variance} + 0.00001)",
        latex=(r"\hat x", r"<x> \,/\, <root>"),
    ),
    "dyt": NormWords(
        over="nothing: a tanh squashes each number by itself",
        pooled="nothing",
        worked="No statistic: a tanh squashes each number by itself, whatever else is in the "
        "batch. The same in training and evaluation mode.",
        single="One sample is enough: each number is squashed by itself.",
        explained="**DyT** (Zhu et al. 2025): no statistic at all; y = γ tanh(αx) + β, with one "
        "learned α a norm.",
        plain="tanh({alpha} × {(x)})",
        latex=(r"\hat x", r"\tanh(\alpha x)", r"\tanh(<alpha> \cdot <x>)"),
    ),
    "none": NormWords(over="nothing: what goes in comes out", pooled="nothing"),
}


def explained() -> str:
    """What each norm computes, a sentence each."""
    return " ".join(words.explained for words in NORM_WORDS.values() if words.explained)


def gain_and_shift(kind: NormKind) -> str:
    """What a norm multiplies by and adds after normalizing, of what it learns."""
    parts = [LEARNED[name].word for name in ("gamma", "beta") if name in NORMS[kind].learns]
    return " and ".join(parts) or "nothing"
