"""The numbers and choices of the worked examples, and the widgets for them."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.parts.labels import capitalized
from explorer.views.lessons.worked_examples.cases import (
    AT_MOST,
    CASES,
    FEATURES,
    INPUTS,
    LECTURE,
    read,
    write,
)
from explorer.visit import session
from explorer.visit.widgets import editor, number, one_of, rewrite
from model_core.normalization import Kind, Running, Worked, running_after, undo
from model_core.normalization.worked import KINDS, LEARNING, SCALINGS, norm_of, worked
from model_core.norms import EPS, LEARNED, NORMS

TITLES: dict[Kind, str] = {
    "min-max": "Min-max",
    "standardization": "Standardization",
    **{kind: capitalized(NORMS[kind].title) for kind in LEARNING},
}
TRAINING, EVALUATION = "training", "evaluation"
EPSILON = "1e-05"  # torch's
EPSILONS = ("0", *(f"1e-{power:02}" for power in range(12, 0, -1)), "1")
INPUT, X = "worked.inputs", "worked.x"


@dataclass(frozen=True)
class Numbers:
    """x (N, F) and the names of its features, and what its kind of normalization takes beside it.

    `learned` are the parameters that the kind has, by name; `passes` is how often batch
    norm read numbers before evaluation mode, None in training mode.
    """

    kind: Kind
    x: np.ndarray
    features: tuple[str, ...]
    eps: float
    learned: dict[str, np.ndarray]
    passes: int | None

    @property
    def samples(self) -> list[str]:
        return [f"sample {column}" for column in range(len(self.x))]

    @property
    def trained_on(self) -> np.ndarray:
        """What running averages are computed from; instead of a single sample the lecture's."""
        return self.x if len(self.x) > 1 else read(CASES[LECTURE].x, len(FEATURES))

    @property
    def running(self) -> Running | None:
        return None if self.passes is None else running_after(self.trained_on, self.passes)

    def worked(self) -> Worked:
        """Their steps; ValueError with the words to show where there are none."""
        if len(self.x) > AT_MOST:
            raise ValueError(f"at most {AT_MOST} samples fit here, got {len(self.x)}; delete some")
        return worked(self.kind, self.x, **self.given)

    @property
    def given(self) -> dict[str, Any]:
        """What `worked` and `by_reference` take beside kind and x."""
        if self.kind in SCALINGS:
            return {}
        return {**self.learned, "eps": self.eps, "running": self.running}


def typed() -> Numbers:
    """All widgets, and their values now, valid or not."""
    kind = one_of(
        st.segmented_control, "worked.kind", "Normalization", KINDS, format_func=TITLES.__getitem__
    )
    bar = st.container(horizontal=True)
    for name in CASES:
        bar.button(name, on_click=_fill, args=(name,))
    if kind in SCALINGS:
        x = _table(st, INPUT, CASES[LECTURE].inputs, INPUTS, "The numbers: a row for each student")
        return Numbers(kind, x, INPUTS, 0.0, {}, None)
    left, right = st.columns([3, 2])
    words = "The numbers x: a row for each sample, a column for each feature"
    x = _table(left, X, CASES[LECTURE].x, FEATURES, words)
    norm = norm_of(kind)
    with left:
        eps = _epsilon() if norm.pools else EPS
    learned = {name: _learned(right, name) for name in norm.learns}
    with right:
        passes = _passes() if norm.over_batch else None
    numbers = Numbers(kind, x, FEATURES, eps, learned, passes)
    if norm.pools:
        bar.button("Undo it with γ and β", on_click=_undo, args=(numbers,), type="primary")
    return numbers


def _learned(column: Any, name: str) -> np.ndarray:
    """An editor for one number per feature, or for one number."""
    part = LEARNED[name]
    columns, of = (FEATURES, " of each feature") if part.per_channel else ((name,), "")
    words = f"{part.word.capitalize()} {part.symbol}{of}"
    return _table(column, _key(name), _start(name), columns, words)[0]


def _table(column: Any, name: str, start: str, columns: tuple[str, ...], words: str) -> np.ndarray:
    """An editor for (N, F) numbers, more rows only where there may be: of samples."""
    key, text = editor(name, start)
    grows = name in (INPUT, X)
    table = read(text, len(columns))
    column.markdown(f"**{words}**")
    edited = column.data_editor(
        pd.DataFrame(table if grows else table[:1], columns=list(columns)),
        key=key,
        num_rows="dynamic" if grows else "fixed",
        hide_index=True,
        column_config={
            column: st.column_config.NumberColumn(column.removeprefix("feature "), width="small")
            for column in columns
        },
        alt=words,
    )
    table = edited.to_numpy(np.float64)
    session.put(name, write(table))
    return table


def _epsilon() -> float:
    label = "ε, added to the variance"
    return float(one_of(st.select_slider, "worked.epsilon", label, EPSILONS, default=EPSILON))


def _passes() -> int | None:
    """How many passes batch norm made before evaluation mode; None in training mode."""
    mode = one_of(st.segmented_control, "worked.mode", "Mode", (TRAINING, EVALUATION))
    if mode == TRAINING:
        return None
    return number(st.slider, "worked.passes", "Passes in training mode before", 10, (0, 100))


def _fill(case: str) -> None:
    rewrite(INPUT, CASES[case].inputs)
    rewrite(X, CASES[case].x)
    for name in LEARNED:
        rewrite(_key(name), _start(name))


def _undo(numbers: Numbers) -> None:
    """gamma and beta that undo the norm; none where the numbers cannot be normalized."""
    with suppress(ValueError):
        done = worked(numbers.kind, numbers.x, eps=numbers.eps, running=numbers.running)
        gamma, beta = undo(done)
        rewrite(_key("gamma"), write(gamma[None]))
        if beta is not None:
            rewrite(_key("beta"), write(beta[None]))


def _key(name: str) -> str:
    """Under which a learned parameter stands in the address."""
    return f"worked.{name}"


def _start(name: str) -> str:
    """The initial values of a learned parameter as a table's text."""
    count = len(FEATURES) if LEARNED[name].per_channel else 1
    return write(np.full((1, count), LEARNED[name].start))
