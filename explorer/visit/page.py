"""What every page does in the same way: its question, the clock, explanations, CSV."""

import gc
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import pandas as pd
import streamlit as st

from explorer.charts.normalization.block import cell_at
from explorer.panels import AnyPanel, Timeline
from explorer.player import Pick, step_clock
from explorer.visit import session
from explorer.visit.moment import Moment, nearest
from explorer.visit.widgets import bounded, one_of
from model_core.config import ModelConfig

_MARKDOWN = re.compile(r"[\\`*_{}\[\]()<>#+\-.!|~$:&]")


def question(text: str) -> None:
    """The one question a page answers, its first line."""
    st.markdown(f"##### {text}")


def clock(moment: Moment, panels: Sequence[AnyPanel], *, alone: bool = False) -> Moment:
    """Draw panels and clock; the look at the step where the reader settled.

    A click on a token, a position, a head or a cell of attention chooses it on every page, a lasso
    around tokens selects them; what a panel shows follows from its key, see `_follow`.
    Panels that are `alone` show the settled step only: the browser draws them and asks at once for
    a run that draws all steps.
    """
    state = step_clock(
        panels,
        moment.timeline,
        step=moment.step,
        heard=session.visit().heard["clock"],
        live=moment.live,
        alone=alone,
    )
    if state.step not in (None, moment.step):
        follows = moment.live and state.step == moment.steps[-1]
        session.choose(step=None if follows else state.step)
        moment = replace(moment, step=state.step)
    if state.selection and state.selection.panel == "map":
        session.select(state.selection.rows)
        st.rerun()
    if state.pick and _follow(state.pick, moment.run.model_config):
        st.rerun()
    session.publish()
    return moment


def own_clock(name: str, panels: Sequence[AnyPanel], timeline: Timeline) -> int:
    """A clock over something else than the run's training; the step where the reader settled.

    It is kept and told by the address under `name`; at first the clock stands at its last step.
    """
    first, last = int(timeline.steps[0]), int(timeline.steps[-1])
    step = nearest(bounded(name, last, (first, last)), timeline.steps)
    # Streamlit stores the component's value under its key, which must not be `name`.
    key = f"{name}.clock"
    state = step_clock(panels, timeline, step=step, heard=session.visit().heard[key], key=key)
    if state.step is not None:
        step = state.step
        session.put(name, step)
    session.publish()
    return step


def choose_view(name: str, views: Sequence[str]) -> str:
    """Which of a page's questions is asked; the first at first."""
    return one_of(
        st.segmented_control, name, "What to look at", views, label_visibility="collapsed"
    )


def plain(text: str) -> str:
    """Text for a place that reads Markdown, to be shown just as it is."""
    return _MARKDOWN.sub(r"\\\g<0>", text)


def how_computed(formula: str, words: str, function: str) -> None:
    """The formula, what it means, and the function that does it."""
    with st.expander("How is this computed?", icon=":material/function:"):
        st.latex(formula)
        st.markdown(words)
        st.caption(f"Computed by `{function}`.")


def csv_button(label: str, name: str, table: Callable[[], pd.DataFrame]) -> None:
    """Download numbers; the table is made only when asked for."""
    st.download_button(
        label,
        data=lambda: table().to_csv(index=False).encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def quoted(token: str) -> str:
    """A token as a CSV cell: a JSON string, so that nothing in it is a formula or gets lost."""
    return json.dumps(token, ensure_ascii=False)


@cache
def freeze_once(page: str) -> None:
    """What a page made for all its visitors is never garbage: not to be looked through again.

    Streamlit collects all garbage after each run, which took 55 ms with it and 5 without.
    """
    gc.collect()
    gc.freeze()


def _follow(pick: Pick, config: ModelConfig) -> bool:
    """Choose what was clicked; a row of "scores" and a bar of "costs" is a head."""
    match pick.panel, pick.index:
        case (("tokens" | "map"), (token, *_)):
            session.choose_token(token)
        case "heads", (layer, head):
            session.choose(head=(layer, head))
        case (("scores" | "costs"), (number, *_)):
            session.choose(head=divmod(number, config.n_head))
        case (("head" | "contribution"), (query, key)):
            session.choose(query=query, key=key)
        case (panel, (query, key)) if panel.startswith("stage-"):
            session.choose(query=query, key=key)
        case "second-text", (query,):
            session.choose(second_query=query)
        case (("text" | "position-map"), (query,)) | ("lens", (_, query)):
            session.choose(query=query)
        case (panel, (position, _)) if panel.startswith("tokens-"):
            session.choose(query=position)
        case "block", (row, column):
            session.choose_cell(cell_at(row, column, config.n_embd))
        case _:
            return False
    return True
