"""Numbers that the text of a lesson may have, by name, each computed from its run.

A step is a recorded one, or "last"; a token is its label, "␣" for a space.
"""

import math
from collections.abc import Callable
from functools import cache, partial
from inspect import Parameter, Signature, signature

from explorer.data.cache import cached
from explorer.data.facts import heads, norms, predictions, tables, training
from explorer.data.facts.arguments import token_id
from model_core.runs import Run

Fact = float | str
Named = Callable[[str], Run]  # "" is the run that is spoken of


def fact(named: Named, name: str, arguments: tuple[str, ...], run_name: str = "") -> Fact:
    """The number of this name, of a run `named` so; other runs in `arguments` are named likewise.

    ValueError or TypeError where a run or an argument has none.
    """
    if name not in FACTS:
        raise ValueError(f"there is no {name!r}")
    try:
        _taken(name).bind(*arguments)
    except TypeError:
        raise ValueError(f"it is written {usage(name)}") from None
    if name in _OF_RUNS:
        return _OF_RUNS[name](named, run_name, *arguments)
    run = named(run_name)
    return _fact(run, (len(run.steps), run.status.state), name, arguments)


def usage(name: str) -> str:
    """A number as a text has it, with what stands in its brackets: "{loss(step=last)}"."""
    inside = ", ".join(str(one).replace("'", "") for one in _taken(name).parameters.values())
    return f"{{{name}({inside})}}" if inside else f"{{{name}}}"


def about(name: str) -> str:
    """What it is, in the first line of its function; "" where its name says it."""
    made = (_OF_RUNS | _OF_A_RUN)[name]
    return (getattr(made, "func", made).__doc__ or "").partition("\n")[0]


@cache
def _taken(name: str) -> Signature:
    """The arguments that a text gives: all but the run."""
    made, skipped = (_OF_RUNS[name], 2) if name in _OF_RUNS else (_OF_A_RUN[name], 1)
    taken = [*signature(made).parameters.values()][skipped:]
    return Signature([one.replace(annotation=Parameter.empty) for one in taken])


@cached(512)
def _fact(run: Run, as_of: tuple[int, str], name: str, arguments: tuple[str, ...]) -> Fact:
    try:
        return _OF_A_RUN[name](run, *arguments)
    except (LookupError, ValueError):
        if not len(run.steps):
            raise ValueError(f"run {run.name} has no recorded step yet") from None
        raise


def _trend(run: Run, name: str, since: str = "0", until: str = "last", *arguments: str) -> str:
    """Whether a number with these arguments and a step "falls" or "rises"."""
    before, after = (float(_OF_A_RUN[name](run, *arguments, step)) for step in (since, until))
    return "rises" if after > before else "falls"


def _end(pick: Callable[..., str], named: Named, _: str, name: str, one: str, other: str) -> str:
    """Which of two runs ends with the lower number, or with the higher one."""
    return pick((one, other), key=lambda run: float(fact(named, name, (), run)))


def _same(named: Named, run: str, name: str, other: str, *arguments: str) -> str:
    """Whether a number of another run is "the same" here, or "another" one."""
    here, there = (fact(named, name, arguments, one) for one in (run, other))
    return "the same" if here == there else "another"


_OF_A_RUN: dict[str, Callable[..., Fact]] = {
    "vocab_size": lambda run: run.model_config.vocab_size,
    "last_row": lambda run: run.model_config.vocab_size - 1,
    "block_size": lambda run: run.model_config.block_size,
    "n_embd": lambda run: run.model_config.n_embd,
    "n_layer": lambda run: run.model_config.n_layer,
    "n_head": lambda run: run.model_config.n_head,
    "head_size": lambda run: run.model_config.n_embd // run.model_config.n_head,
    "parameters": lambda run: run.model_config.weights,
    "numbers": tables.numbers,
    "last_step": lambda run: int(run.steps[-1]),
    "guessing": lambda run: math.log(run.model_config.vocab_size),
    "loss": training.loss,
    "val_loss": training.val_loss,
    "id": token_id,
    "count": training.count,
    "follows": training.follows,
    "row": tables.row,
    "position_row": tables.position_row,
    "moved": tables.moved,
    "position_moved": tables.position_moved,
    "length": tables.length,
    "distance": tables.distance,
    "cosine": tables.cosine,
    "nearer": tables.nearer,
    "spread": tables.spread,
    "probability": predictions.probability,
    "likeliest": predictions.likeliest,
    "weight": heads.weight,
    "norm": norms.norm,
    "entering": norms.entering,
    "leaving": norms.leaving,
    "mean_at": norms.mean_at,
    "std_at": norms.std_at,
    "role": heads.role,
    "top_role": heads.top_role,
    "top_head": heads.top_head,
    "farthest": tables.farthest,
    "farthest_by": tables.farthest_by,
    "gradient": tables.gradient,
    "change": tables.change,
    "sample": training.sample,
    "state": lambda run: run.status.state,
    "trend": _trend,
    "crowding": tables.crowding,
}
_OF_RUNS: dict[str, Callable[..., str]] = {
    "lower": partial(_end, min),
    "higher": partial(_end, max),
    "same": _same,
}
FACTS = (*_OF_A_RUN, *_OF_RUNS)
