"""Numbers that the text of a lesson may have, by name, each computed from its run.

A step is a recorded one, or "last"; a token is its label, "␣" for a space.
"""

import math
from collections.abc import Callable
from functools import partial
from inspect import Parameter, Signature, signature
from typing import cast, get_args

import numpy as np
import torch

from explorer.data.cache import cached
from explorer.visit.sentence import example
from model_core.attention import attend
from model_core.attention.heads import read_weights
from model_core.attention.roles import MEASURES, probe_ids, probe_scores
from model_core.config import Table
from model_core.embeddings import counts
from model_core.embeddings.crowding import crowding
from model_core.embeddings.neighbours import cosine
from model_core.labels import head_label, readable, token_label
from model_core.normalization.statistics import around_norms, norm_statistics
from model_core.prediction.lens import next_probabilities
from model_core.prediction.pairs import followers
from model_core.runs import Run

Fact = float | str
Named = Callable[[str], Run]  # "" is the run that is spoken of
FIRST = 6  # numbers of a row that are written out
SAMPLE = 60  # characters of a model's own text


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


def _loss(run: Run, step: str = "last") -> float:
    """Of the batch drawn at that step, nats per token."""
    return _metric(run, "train_loss", step)


def _val_loss(run: Run, step: str = "last") -> float:
    return _metric(run, "val_loss", step)


def _metric(run: Run, name: str, step: str) -> float:
    return float(run.metrics().set_index("step")[name].loc[_step(run, step)])


def _count(run: Run, token: str) -> int:
    return int(counts.frequency(run)[_token(run, token)])


def _follows(run: Run, after: str, before: str) -> float:
    """P(after | before) in the training text."""
    ids, vocab = run.split().train.numpy(), run.model_config.vocab_size
    found = followers(ids, _token(run, before), vocab)
    return float(found[_token(run, after)] / found.sum())


def _row(run: Run, token: str, step: str = "last") -> str:
    return _written(_token_row(run, token, step))


def _position_row(run: Run, position: str, step: str = "last") -> str:
    return _written(_position(run, position, step))


def _written(row: np.ndarray) -> str:
    numbers = ", ".join(f"{number:.2f}" for number in row[:FIRST])
    return f"[{numbers}{', …' if len(row) > FIRST else ''}]".replace("-", "−")


def _moved(run: Run, token: str, since: str = "0", until: str = "last") -> float:
    """How far a token's row is at one step from where it was at another."""
    return _distance_of(_token_row(run, token, until), _token_row(run, token, since))


def _position_moved(run: Run, position: str, since: str = "0", until: str = "last") -> float:
    return _distance_of(_position(run, position, until), _position(run, position, since))


def _length(run: Run, token: str, step: str = "last") -> float:
    return _distance_of(_token_row(run, token, step), np.zeros(1))


def _distance(run: Run, one: str, other: str, step: str = "last") -> float:
    return _distance_of(_token_row(run, one, step), _token_row(run, other, step))


def _cosine(run: Run, one: str, other: str, step: str = "last") -> float:
    rows = np.stack([_token_row(run, token, step) for token in (one, other)])
    return float(cosine(rows[None], 0, 1)[0])


def _nearer(run: Run, token: str, one: str, other: str, step: str = "last") -> str:
    """Which of two tokens has the row with the larger cosine to that of a third."""
    return max((one, other), key=lambda label: _cosine(run, token, label, step))


def _spread(run: Run, table: str = "tokens", step: str = "last") -> float:
    """The standard deviation of all numbers of a table."""
    return float(_table(run, table, step).std(dtype=np.float64))


def _probability(run: Run, text: str, then: str, step: str = "last") -> float:
    """Of a token after a text, by the model."""
    return float(_next(run, text, step)[_token(run, then)])


def _likeliest(run: Run, text: str, step: str = "last") -> str:
    return token_label(run.tokenizer.tokens[int(_next(run, text, step).argmax())])


def _weight(
    run: Run, layer: str, head: str, query: str, key: str, step: str = "last", text: str = ""
) -> float:
    """What one position of a text, else of the run's example, gives to another in one head."""
    ids = torch.tensor(run.tokenizer.encode(text or example(run)))
    weights = attend(run.model_at(_step(run, step)), ids).weights
    return float(weights[int(layer), int(head), int(query), int(key)])


def _norm(run: Run, number: str, norm: str = "0", step: str = "last") -> float:
    """`mean_in`, `std_in`, `mean_out` or `std_out` of a norm that reads the run's example."""
    ids = torch.tensor(run.tokenizer.encode(example(run))[: run.model_config.block_size])
    statistics = norm_statistics(run.model_at(_step(run, step)), ids[None])
    if number not in statistics or number == "norm":
        raise ValueError(f"{number!r} is none of {', '.join(statistics.columns[1:])}")
    return float(statistics[number].iloc[int(norm)])


def _entering(run: Run, position: str, norm: str = "0", step: str = "last") -> str:
    """The numbers of one position of the example before a norm."""
    return _written(_around(run, position, norm, step)[0])


def _leaving(run: Run, position: str, norm: str = "0", step: str = "last") -> str:
    """The same after it, after gain and shift."""
    return _written(_around(run, position, norm, step)[1])


def _mean_at(run: Run, position: str, norm: str = "0", step: str = "last") -> float:
    """Over the channels of one position before a norm."""
    return float(_around(run, position, norm, step)[0].mean(dtype=np.float64))


def _std_at(run: Run, position: str, norm: str = "0", step: str = "last") -> float:
    """The same, with the divisor C."""
    return float(_around(run, position, norm, step)[0].std(dtype=np.float64))


def _around(run: Run, position: str, norm: str, step: str) -> np.ndarray:
    """(2, C): what enters and leaves a norm that reads the run's example, at one position."""
    ids = torch.tensor(run.tokenizer.encode(example(run))[: run.model_config.block_size])
    with torch.inference_mode():
        both = torch.stack(around_norms(run.model_at(_step(run, step)), ids[None]))
    return both[:, int(norm), 0, int(position)].numpy()


def _role(run: Run, measure: str, layer: str, head: str, step: str = "last") -> float:
    """How much of its attention a head gives to "previous token", "induction" …, on a probe."""
    return float(_roles(run, step)[int(layer), int(head), _measure(measure)])


def _top_role(run: Run, layer: str, head: str, step: str = "last") -> str:
    """The measure that is largest."""
    return MEASURES[int(_roles(run, step)[int(layer), int(head)].argmax())]


def _top_head(run: Run, measure: str, step: str = "last") -> str:
    """The head for which a measure is largest."""
    scores = _roles(run, step)[..., _measure(measure)]
    layer, head = np.unravel_index(scores.argmax(), scores.shape)
    return head_label(int(layer), int(head))


def _roles(run: Run, step: str) -> np.ndarray:
    """(L, H, M): what every head gives on a probe, by MEASURES."""
    config = run.model_config
    ids = probe_ids(config.vocab_size, config.block_size)
    weights = read_weights(run.model_at(_step(run, step)), ids)["weights"].numpy()
    return probe_scores(weights, ids)


def _measure(name: str) -> int:
    """Its index; ValueError for one that there is not."""
    if name not in MEASURES:
        raise ValueError(f"{name!r} is none of {', '.join(MEASURES)}")
    return MEASURES.index(name)


def _farthest(run: Run, since: str = "0", until: str = "last") -> str:
    """The token whose row is farthest from where it was."""
    moved = _table(run, "tokens", until).astype(np.float64) - _table(run, "tokens", since)
    return token_label(run.tokenizer.tokens[int(np.linalg.norm(moved, axis=1).argmax())])


def _farthest_by(run: Run, since: str = "0", until: str = "last") -> float:
    """How far that token's row is from where it was."""
    return _moved(run, _farthest(run, since, until), since, until)


def _gradient(run: Run, token: str, channel: str, step: str = "last") -> float:
    """How the loss of that step's batch rises with one number of a token's row."""
    return float(run.token_gradients([_token(run, token)])[_at(run, step), 0, int(channel)])


def _change(run: Run, token: str, channel: str, since: str = "0", until: str = "last") -> str:
    """What becomes of one number of a token's row, "larger" or "smaller"."""
    before, after = (_token_row(run, token, step)[int(channel)] for step in (since, until))
    return "larger" if after > before else "smaller"


def _sample(run: Run, step: str = "last") -> str:
    """The first characters of what the model wrote at that step."""
    text = str(run.metrics().set_index("step")["sample"].loc[_step(run, step)])
    return readable(text[:SAMPLE])


def _trend(run: Run, name: str, since: str = "0", until: str = "last", *arguments: str) -> str:
    """Whether a number with these arguments and a step "falls" or "rises"."""
    before, after = (float(_OF_A_RUN[name](run, *arguments, step)) for step in (since, until))
    return "rises" if after > before else "falls"


def _crowding(run: Run, step: str = "last") -> float:
    """The mean over tokens of the cosine with the nearest other one."""
    return float(crowding(_table(run, "tokens", step)[None])[0])


def _end(pick: Callable[..., str], named: Named, _: str, name: str, one: str, other: str) -> str:
    """Which of two runs ends with the lower number, or with the higher one."""
    return pick((one, other), key=lambda run: float(fact(named, name, (), run)))


def _same(named: Named, run: str, name: str, other: str, *arguments: str) -> str:
    """Whether a number of another run is "the same" here, or "another" one."""
    here, there = (fact(named, name, arguments, one) for one in (run, other))
    return "the same" if here == there else "another"


def _next(run: Run, text: str, step: str) -> np.ndarray:
    ids = torch.tensor(run.tokenizer.encode(text)[-run.model_config.block_size :])
    if not len(ids):
        raise ValueError("a model needs a text to read")
    with torch.inference_mode():
        logits = run.model_at(_step(run, step))(ids[None])[0][0, -1]
    return next_probabilities(logits)


def _token_row(run: Run, token: str, step: str) -> np.ndarray:
    return run.token_embeddings([_token(run, token)])[_at(run, step), 0]


def _position(run: Run, position: str, step: str) -> np.ndarray:
    return run.position_embeddings([int(position)])[_at(run, step), 0]


def _table(run: Run, name: str, step: str) -> np.ndarray:
    if name not in get_args(Table):
        raise ValueError(f"{name!r} is neither tokens nor positions")
    return run.table_at(_step(run, step), cast(Table, name))


def _distance_of(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one.astype(np.float64) - other))


def _token(run: Run, label: str) -> int:
    for token, known in enumerate(run.tokenizer.tokens):
        if label == token_label(known):
            return token
    raise ValueError(f"run {run.name} has no token {label!r}")


def _step(run: Run, text: str) -> int:
    return int(run.steps[_at(run, text)])


def _at(run: Run, text: str) -> int:
    """The index of a step among the recorded ones."""
    if text == "last":
        return len(run.steps) - 1
    at = np.flatnonzero(run.steps == int(text))
    if not len(at):
        raise ValueError(f"step {text} of run {run.name} was not recorded")
    return int(at[0])


_OF_A_RUN: dict[str, Callable[..., Fact]] = {
    "vocab_size": lambda run: run.model_config.vocab_size,
    "last_row": lambda run: run.model_config.vocab_size - 1,
    "block_size": lambda run: run.model_config.block_size,
    "n_embd": lambda run: run.model_config.n_embd,
    "n_layer": lambda run: run.model_config.n_layer,
    "n_head": lambda run: run.model_config.n_head,
    "head_size": lambda run: run.model_config.n_embd // run.model_config.n_head,
    "parameters": lambda run: run.model_config.weights,
    "numbers": lambda run, table="tokens": _table(run, table, "last").size,
    "last_step": lambda run: int(run.steps[-1]),
    "guessing": lambda run: math.log(run.model_config.vocab_size),
    "loss": _loss,
    "val_loss": _val_loss,
    "id": _token,
    "count": _count,
    "follows": _follows,
    "row": _row,
    "position_row": _position_row,
    "moved": _moved,
    "position_moved": _position_moved,
    "length": _length,
    "distance": _distance,
    "cosine": _cosine,
    "nearer": _nearer,
    "spread": _spread,
    "probability": _probability,
    "likeliest": _likeliest,
    "weight": _weight,
    "norm": _norm,
    "entering": _entering,
    "leaving": _leaving,
    "mean_at": _mean_at,
    "std_at": _std_at,
    "role": _role,
    "top_role": _top_role,
    "top_head": _top_head,
    "farthest": _farthest,
    "farthest_by": _farthest_by,
    "gradient": _gradient,
    "change": _change,
    "sample": _sample,
    "state": lambda run: run.status.state,
    "trend": _trend,
    "crowding": _crowding,
}
_OF_RUNS: dict[str, Callable[..., str]] = {
    "lower": partial(_end, min),
    "higher": partial(_end, max),
    "same": _same,
}
FACTS = (*_OF_A_RUN, *_OF_RUNS)
