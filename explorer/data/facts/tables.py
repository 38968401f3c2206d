"""Numbers of the embedding tables: rows, how far they moved, how near they are."""

from typing import cast, get_args

import numpy as np

from explorer.data.facts.arguments import index_of, recorded, token_id
from model_core.config import Table
from model_core.embeddings.crowding import crowding as crowding_of
from model_core.embeddings.neighbours import cosine as cosine_of
from model_core.labels import token_label
from model_core.runs import Run

FIRST = 6  # numbers of a row that are written out


def numbers(run: Run, table: str = "tokens") -> int:
    return _table(run, table, "last").size


def row(run: Run, token: str, step: str = "last") -> str:
    return written(_token_row(run, token, step))


def position_row(run: Run, position: str, step: str = "last") -> str:
    return written(_position_row(run, position, step))


def written(row: np.ndarray) -> str:
    """The first numbers of a row (C,), in brackets."""
    first = ", ".join(f"{number:.2f}" for number in row[:FIRST])
    return f"[{first}{', …' if len(row) > FIRST else ''}]".replace("-", "−")


def moved(run: Run, token: str, since: str = "0", until: str = "last") -> float:
    """How far a token's row is at one step from where it was at another."""
    return _apart(_token_row(run, token, until), _token_row(run, token, since))


def position_moved(run: Run, position: str, since: str = "0", until: str = "last") -> float:
    return _apart(_position_row(run, position, until), _position_row(run, position, since))


def length(run: Run, token: str, step: str = "last") -> float:
    return _apart(_token_row(run, token, step), np.zeros(1))


def distance(run: Run, one: str, other: str, step: str = "last") -> float:
    return _apart(_token_row(run, one, step), _token_row(run, other, step))


def cosine(run: Run, one: str, other: str, step: str = "last") -> float:
    rows = np.stack([_token_row(run, token, step) for token in (one, other)])
    return float(cosine_of(rows[None], 0, 1)[0])


def nearer(run: Run, token: str, one: str, other: str, step: str = "last") -> str:
    """Which of two tokens has the row with the larger cosine to that of a third."""
    return max((one, other), key=lambda label: cosine(run, token, label, step))


def spread(run: Run, table: str = "tokens", step: str = "last") -> float:
    """The standard deviation of all numbers of a table."""
    return float(_table(run, table, step).std(dtype=np.float64))


def farthest(run: Run, since: str = "0", until: str = "last") -> str:
    """The token whose row is farthest from where it was."""
    way = _table(run, "tokens", until).astype(np.float64) - _table(run, "tokens", since)
    return token_label(run.tokenizer.tokens[int(np.linalg.norm(way, axis=1).argmax())])


def farthest_by(run: Run, since: str = "0", until: str = "last") -> float:
    """How far that token's row is from where it was."""
    return moved(run, farthest(run, since, until), since, until)


def gradient(run: Run, token: str, channel: str, step: str = "last") -> float:
    """How the loss of that step's batch rises with one number of a token's row."""
    return float(run.token_gradients([token_id(run, token)])[index_of(run, step), 0, int(channel)])


def change(run: Run, token: str, channel: str, since: str = "0", until: str = "last") -> str:
    """What becomes of one number of a token's row, "larger" or "smaller"."""
    before, after = (_token_row(run, token, step)[int(channel)] for step in (since, until))
    return "larger" if after > before else "smaller"


def crowding(run: Run, step: str = "last") -> float:
    """The mean over tokens of the cosine with the nearest other one."""
    return float(crowding_of(_table(run, "tokens", step)[None])[0])


def _token_row(run: Run, token: str, step: str) -> np.ndarray:
    return run.token_embeddings([token_id(run, token)])[index_of(run, step), 0]


def _position_row(run: Run, position: str, step: str) -> np.ndarray:
    return run.position_embeddings([int(position)])[index_of(run, step), 0]


def _table(run: Run, name: str, step: str) -> np.ndarray:
    if name not in get_args(Table):
        raise ValueError(f"{name!r} is neither tokens nor positions")
    return run.table_at(recorded(run, step), cast(Table, name))


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one.astype(np.float64) - other))
