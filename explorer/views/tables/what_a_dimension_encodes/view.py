"""What a dimension encodes: what goes with it beyond chance, and what whole rows tell."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from explorer.charts.embeddings.dimensions import Probed, probes_panel, relations_panel
from explorer.data import dimensions
from explorer.data.dimensions import Tested
from explorer.panels import Frame, Panel
from explorer.timeline import Tick
from explorer.views.tables.what_a_dimension_encodes import guess as guesses
from explorer.views.tables.what_a_dimension_encodes.guess import Curves
from explorer.visit.clock import clock
from explorer.visit.export import digits, drawer, file_of, numbers
from explorer.visit.moment import Moment, evenly, left_out, thinned, with_ticks
from explorer.visit.page import how_computed, plain
from explorer.visit.sentence import Sentence
from model_core.embeddings.probes import FOLDS, PERMUTATIONS
from model_core.embeddings.properties import (
    FEW,
    LEAST,
    OFTEN,
    READ,
    UnreadableColumn,
    after_name,
)
from model_core.embeddings.relations import LEVEL, corrected
from model_core.prediction.guessing import below_since
from model_core.prediction.pairs import CONTEXTS

HEIGHT = 330
WORK = 10**7  # rows × rows × steps that are tested, in seconds; of a growing run a twentieth


@dataclass(frozen=True)
class _Judged:
    """What was tested, and its p values corrected within each step: (S, P, C), (S, P)."""

    tested: Tested
    channels: np.ndarray
    rows: np.ndarray

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.tested.properties]

    @property
    def found(self) -> np.ndarray:
        return self.channels <= LEVEL

    @property
    def told(self) -> np.ndarray:
        """(S, P) of which properties the whole rows tell more than chance."""
        return self.rows <= LEVEL


def draw(moment: Moment, sentence: Sentence) -> None:
    try:
        guess, column = guesses.choose(moment)
        moment = evenly(moment, WORK // (20 if moment.live else 1) // len(moment.rows) ** 2)
        judged = _judged(moment, guess.first, column)
    except ValueError as error:
        st.info(plain(f"What tokens have in common is counted in the text: {error}."))
        clock(moment, [])
        return
    for words in filter(None, (left_out(moment), thinned(moment, "each is tested many times"))):
        st.caption(words)
    panels = guesses.panels(moment, guess, _of_followers(moment, judged, guess.first))
    if judged is None:
        st.info(f"Fewer than {LEAST} tokens occur often enough to relate anything to dimensions.")
    else:
        panels += [_channels(moment, judged), _rows(moment, judged)]
        moment = _ticked(moment, judged)
    moment = clock(moment, panels, of_step=True)
    if judged is not None:
        with drawer():
            _table(moment, judged)
    _explained()


def _judged(moment: Moment, first: int, column: str) -> _Judged | None:
    """None where nothing varies among the tokens; a column that cannot be read is left out."""
    try:
        tested = dimensions.tested(moment, moment.picks, first, column)
    except UnreadableColumn as error:
        st.warning(plain(f"Your column: {error}."))
        tested = dimensions.tested(moment, moment.picks, first, "")
    if tested is None:
        return None
    return _Judged(tested, corrected(tested.relations.p), corrected(tested.probes.p))


def _of_followers(moment: Moment, judged: _Judged | None, first: int) -> Curves | None:
    """How well whole rows tell what comes after a token, by chance, and where more: (S,) each."""
    name = after_name(moment.run.tokenizer.tokens[first])
    if judged is None or name not in judged.names:
        return None
    at = judged.names.index(name)
    probes = judged.tested.probes
    return probes.explained[:, at], probes.chance[:, at], judged.told[:, at]


def _channels(moment: Moment, judged: _Judged) -> Panel:
    strength, at = judged.tested.relations.strength, moment.at
    count, total = int(judged.found[at].sum()), judged.found[at].size
    title = f"Step {moment.step:,}: nothing found, none of {total} relations is more than chance"
    if count:
        sizes = np.where(judged.found[at], np.abs(strength[at]), -1)
        row, channel = np.unravel_index(sizes.argmax(), sizes.shape)
        title = (
            f"Step {moment.step:,}: channel {channel} goes with “{judged.names[row]}” most "
            f"({strength[at, row, channel]:.2f}); {count} of {total} relations are more than chance"
        )
    frame = Frame("dimensions", title, span=7, height=HEIGHT)
    return relations_panel(strength, judged.found, judged.names, frame)


def _rows(moment: Moment, judged: _Judged) -> Panel:
    own, told = judged.tested.probes.explained[moment.at], judged.told[moment.at]
    title = "Whole rows tell nothing more than by chance"
    if told.any():
        best = int(np.where(told, own, -np.inf).argmax())
        title = (
            f"Whole rows tell “{judged.names[best]}” best ({own[best]:.2f}), "
            f"{int(told.sum())} of {len(told)} more than by chance"
        )
    frame = Frame("rows", title, span=5, height=HEIGHT)
    probes = judged.tested.probes
    return probes_panel(Probed(probes.explained, probes.chance, judged.told), judged.names, frame)


def _ticked(moment: Moment, judged: _Judged) -> Moment:
    """With marks where whole rows begin to tell each property, without a break to the last step."""
    since = (
        (below_since(p, LEVEL), name) for p, name in zip(judged.rows.T, judged.names, strict=True)
    )
    marks = [
        Tick(int(moment.steps[at]), f"rows tell {name}") for at, name in since if at is not None
    ]
    return with_ticks(moment, marks)


def _table(moment: Moment, judged: _Judged) -> None:
    """Every relation at the settled step, found or not."""
    at, (relations, probes) = moment.at, judged.tested[1:]
    channels = relations.strength.shape[2]
    tables = []
    for row, one in enumerate(judged.tested.properties):
        of_rows = (probes.explained, probes.p, judged.rows)
        columns = (
            np.append(both[0][at, row], both[1][at, row])
            for both in zip(
                (relations.strength, relations.p, judged.channels), of_rows, strict=True
            )
        )
        table = dict(zip(("strength", "p", "p corrected"), columns, strict=True))
        words = [*map(str, range(channels)), "whole row"]
        tables.append(
            pd.DataFrame(
                {"property": one.name, "tokens": one.known.sum(), "channel": words} | table
            )
        )
    st.markdown(
        f"**Relations at step {moment.step:,}**: rank correlation with a channel, and the share "
        "that whole rows explain on tokens left out"
    )
    numbers(
        pd.concat(tables),
        "Relations",
        file_of(moment, "dimensions"),
        column_config=digits(("strength", "p", "p corrected")),
    )


def _explained() -> None:
    how_computed(
        r"\rho = \mathrm{corr}(\mathrm{rank}\,x_{\cdot c},\ \mathrm{rank}\,y), \qquad "
        r"R^2 = 1 - \frac{\sum_i (y_i - \hat y_{-i})^2}{\sum_i (y_i - \bar y)^2}",
        f"Properties of tokens are counted in the first {READ:,} tokens of the training text: how "
        "often; the mean place in words (0 start, 1 end); the kind; what share of neighbours "
        f"before and after is of the commonest kinds (from {OFTEN} occurrences on). **A channel**: "
        "Spearman's rank correlation, for kinds the correlation ratio of ranks with the test of "
        "Kruskal and Wallis; kinds of fewer than "
        f"{FEW} tokens are left out. p values are corrected for all comparisons of a step "
        f"(Benjamini and Hochberg 1995), and up to {LEVEL:g} a relation counts as found; the "
        "others are blank. **Whole rows**: ridge regression of the ranks (of kinds: one column "
        f"each) in {FOLDS} parts, each predicted from the others; 1 is exact, below 0 the mean "
        f"predicts better. Chance: the same with the column shuffled, {PERMUTATIONS:,} times; the "
        "mark is what 99 in 100 stay below, for one property alone. **More than chance** is one "
        "whose p value is small when corrected, as above, for all properties of the step: a dot "
        "beyond its mark may still be chance. "
        f"**Model**: its probability in the mean over at most {CONTEXTS} contexts of the text "
        "that end with the token.",
        "relations.relations, relations.corrected, probes.probes, properties.properties, "
        "pairs.read_next",
    )
