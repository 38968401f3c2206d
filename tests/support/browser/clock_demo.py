"""A page for the step clock's tests: synthetic panels, a growing run, and the browser's reports."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from explorer.charts.parts import theme
from explorer.levels import levels
from explorer.panels import AnyPanel, Frame, Mosaic, Panel, Roles, Text, Words
from explorer.picks import Pairs, Positions, Tokens
from explorer.player.clock import Heard, step_clock
from explorer.player.reports import Head, Position
from explorer.timeline import Tick, Timeline

STEPS = 200
DRIFT_STEPS = 120
LABELS = [chr(33 + n) for n in range(65)]
LABELS[27:30] = ["a<br>b", "<b>", "&lt;"]
SENTENCE = ["<b>", "&lt;", "⏎", "e\u0301", "🦊", "\u202eabc", "{weight}", "·", "a long word"]
LONG = 256
ROLES = ("previous token", "induction")


def recorded_steps(count: int) -> np.ndarray:
    """(S,) ascending: dense early, even later."""
    return np.cumsum(np.minimum(np.arange(count), 25)).astype(np.int64)


def drifting(count: int, *shape: int) -> np.ndarray:
    """(S, *shape) float32: smooth curves in [-1, 1], the same for every count."""
    rng = np.random.default_rng(0)
    start, turn = rng.uniform(0, 6.3, (2, *shape))
    time = np.arange(count).reshape(-1, *[1] * len(shape)) / STEPS
    return np.sin(start + time * turn).astype(np.float32)


def map_panel(count: int, color: str) -> Panel:
    """65 labelled points on fixed axes."""
    x, y = drifting(count, 2, 65).transpose(1, 0, 2)
    labels = [text.replace("&", "&amp;").replace("<", "&lt;") for text in LABELS]
    points = go.Scatter(
        x=x[0], y=y[0], mode="markers+text", text=labels, textposition="top center",
        marker={"size": 8, "color": color},
    )  # fmt: skip
    axis = {"range": [-1.2, 1.2]}
    layout = {"xaxis": axis | {"title": "first axis"}, "yaxis": axis | {"title": "second axis"}}
    return Panel(
        Frame("map", "Map of tokens", height=420), go.Figure([points], layout),
        {"0.x": np.ascontiguousarray(x), "0.y": np.ascontiguousarray(y)},
        alt="65 tokens by their first two components", picks=Tokens(tuple(range(65))),
    )  # fmt: skip


def table_panel(key: str, title: str, rows: int, columns: int, count: int) -> Panel:
    """A heatmap on a fixed scale with one gap."""
    values = drifting(count, rows, columns)
    values[:, 2, 3] = np.nan
    heatmap = go.Heatmap(z=values[0], zmin=-1, zmax=1, colorscale="Viridis")
    layout = {"xaxis": {"title": "channel"}, "yaxis": {"autorange": "reversed"}}
    return Panel(
        Frame(key, title, 3, 420), go.Figure([heatmap], layout), {"0.z": values},
        alt=f"{rows} rows by {columns} columns", picks=Pairs(rows),
    )  # fmt: skip


def line_panel(count: int) -> Panel:
    """Two lines with a gap, on fixed axes."""
    y = drifting(count, 50)
    y[:, 20:24] = np.nan
    look = {"mode": "lines", "line": {"simplify": False}}  # comparable point for point
    lines = [go.Scatter(y=values, **look) for values in (y[0], -y[0])]
    layout = {"yaxis": {"range": [-1.2, 1.2], "title": "std"}, "xaxis": {"range": [0, 49]}}
    return Panel(
        Frame("lines", "Statistics", height=280),
        go.Figure(lines, layout),
        {"0.y": y, "1.y": -y},
    )


def log_panel(count: int) -> Panel:
    """A line with marks and a gap on a fixed logarithmic axis."""
    y = 10 ** (2 * drifting(count, 9))
    y[:, 4] = np.nan
    line = go.Scatter(y=y[0], mode="lines+markers", line={"simplify": False})
    layout = {"yaxis": {"type": "log", "range": [-2.1, 2.1]}, "xaxis": {"range": [-1, 9]}}
    return Panel(Frame("log", "Sizes", height=280), go.Figure(line, layout), {"0.y": y})


def told_panel(count: int) -> Panel:
    """A heatmap of logarithms whose hover text has the numbers themselves."""
    panel = table_panel("told", "Sizes of a table", 7, 5, count)
    values = 10 ** panel.moving["0.z"]
    tells = "%{customdata:.4g}<extra></extra>"
    panel.figure.data[0].update(customdata=values[0], hovertemplate=tells)
    return replace(panel, moving={**panel.moving, "0.customdata": values})


def written_panel(count: int) -> Panel:
    """A heatmap whose numbers are written in its cells."""
    values = drifting(count, 3, 4)
    look = {"texttemplate": "%{z:.2f}", "zmin": -1, "zmax": 1, "colorscale": theme.PALE}
    figure = go.Figure(go.Heatmap(z=values[0], **look), {"yaxis": {"autorange": "reversed"}})
    return Panel(Frame("written", "Numbers", 3, 280), figure, {"0.z": values})


def scale_panel(count: int) -> Panel:
    """A bar whose axis moves with the step: drawn by Plotly's own call."""
    top = 1 + np.arange(count, dtype=np.float32) / STEPS
    ranges = np.stack([np.zeros_like(top), top], axis=1)
    figure = go.Figure(go.Bar(x=[0], y=top[:1]), {"yaxis": {"range": [0, 1], "title": "norm"}})
    moving = {"0.y": top[:, None], "layout.yaxis.range": ranges}
    return Panel(Frame("scale", "Per-step scale", height=200), figure, moving)


def head_weights(count: int) -> np.ndarray:
    """(S, 4, 4, 24, 24): from even to sharp attention."""
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(4, 4, 24, 24)) * 3
    sharp = np.linspace(0, 1, count).reshape(-1, 1, 1, 1, 1)
    weights = np.tril(np.exp(scores * sharp))
    return weights / weights.sum(-1, keepdims=True)


def mosaic_panel(count: int, selected: tuple[int, int]) -> Mosaic:
    """Four layers of four heads, two of which have a role in the second half."""
    roles = np.full((count, 4, 4), 255, np.uint8)
    roles[count // 2 :, 0, 1] = 0
    roles[count // 2 :, 1, 2] = 1
    return Mosaic(
        Frame("heads", "All heads", height=480), levels(head_weights(count)), 24, "16 heads",
        selected, Roles(roles, ROLES),
    )  # fmt: skip


def sentence_weights(count: int) -> np.ndarray:
    """(S, T, T) float32: from even to looking at the token before; masked keys are NaN."""
    time = len(SENTENCE)
    even = np.tri(time) / np.arange(1, time + 1)[:, None]
    before = np.eye(time, k=-1) + np.eye(time) * (np.arange(time) == 0)
    share = np.linspace(0, 1, count).reshape(-1, 1, 1)
    weights = (1 - share) * even + share * before
    return np.where(np.tri(time), weights, np.nan).astype(np.float32)


def text_panel(count: int, query: int) -> Text:
    """Tokens that are easily displayed wrongly."""
    return Text(
        Frame("text", "What a token reads", 12, 128), SENTENCE, sentence_weights(count),
        query=query,
        says="'{query}' at {query_at} gives {weight} of its attention to '{key}' at {key_at}",
        alt="nine tokens", written=(7, 8), picks=Positions(len(SENTENCE)),
    )  # fmt: skip


def long_panel() -> Text:
    """More tokens than fit, reading the same at every step."""
    weights = np.where(np.tri(LONG), 1 / np.arange(1, LONG + 1)[:, None], np.nan)
    return Text(
        Frame("long", "A long text", 12, 128), [str(n) for n in range(LONG)],
        weights[None].astype(np.float32), says="{weight}", query=149, picks=Positions(LONG),
    )  # fmt: skip


def timeline(count: int, trusted: bool) -> Timeline:
    """A falling loss with one unknown value and three ticks; a map's trust with a gap."""
    steps = recorded_steps(count)
    losses = 0.6 + 3.2 * np.exp(-np.arange(count) / 40)
    losses[90:91] = np.nan
    ticks = [
        Tick(int(steps[index]), label)
        for index, label in (
            (30, "largest drift"),
            (120, "head formed"),
            (160, "lowest validation loss"),
        )
        if index < count
    ]
    trust = 0.9 - 0.5 * np.exp(-np.arange(count) / 30)
    trust[50:55] = np.nan
    return Timeline(steps, steps / 2000, losses, ticks, trust if trusted else None)


def at_first(panel: AnyPanel) -> AnyPanel:
    """The panel at its first step alone."""
    if isinstance(panel, Mosaic):
        return replace(panel, weights=panel.weights[:1], roles=None)
    assert isinstance(panel, Panel)
    return replace(panel, moving={path: array[:1] for path, array in panel.moving.items()})


def drift_panels(kind: str, color: str) -> list[Panel]:
    from tests.support.browser import drift_demo  # it builds on this file

    return [{"drift": drift_demo.map_panel, "space": drift_demo.space_panel}[kind](color)]


def main() -> None:
    """Draw what the address asks for: three linked panels, or by `?panels=`

    `all`, every other kind of panel too; `sizes`, those on logarithmic scales; `alone`, at first
    one step; `drift` or `space`, a map as a page of maps has it. `&steps=` for so many of them.
    """
    st.set_page_config(layout="wide", page_title="Clock")
    state = st.session_state
    state.setdefault("count", int(st.query_params.get("steps", STEPS)))
    state.setdefault("step", 0)
    state.setdefault("runs", 0)
    state.setdefault("selected", (1, 2))
    state.setdefault("query", 4)
    state.runs += 1
    with st.sidebar:
        if st.button("Grow"):
            state.count += 10
        if st.button("Back to step 3"):
            state.step = 3
        live = st.toggle("Live")
        color = st.radio("Colour", ["#0072B2", "#D55E00"])
        alone = st.toggle("Only the map")
        st.text_input("A sentence")
    st.markdown("### The step clock")
    kind = st.query_params.get("panels", "")
    maps = kind in ("drift", "space")
    count = DRIFT_STEPS if maps else state.count
    words = Words(
        Frame("words", "Sampled text", 12, 120),
        [f"step {n}: {' '.join(LABELS[n % 65:] + LABELS[: n % 65])}" for n in range(count)],
    )  # fmt: skip
    panels: list[AnyPanel] = [
        map_panel(count, color),
        table_panel("tokens", "Token embeddings", 65, 64, count),
        table_panel("positions", "Position embeddings", 41, 41, count),
    ]
    if kind == "all":
        panels += [
            mosaic_panel(count, state.selected),
            text_panel(count, state.query),
            long_panel(),
            line_panel(count),
            scale_panel(count),
            words,
        ]
    if kind == "sizes":
        panels += [log_panel(count), told_panel(count), written_panel(count)]
    if maps:
        panels = [*drift_panels(kind, color)]
    if alone:
        panels = panels[:1]
    for panel in panels:
        if isinstance(panel, Panel):  # every figure differs, but looks the same
            panel.figure.update_layout(meta=color)
    alone = kind == "alone" and state.runs == 1
    if kind == "alone":
        panels = [
            table_panel("tokens", "Token embeddings", 65, 64, count),
            mosaic_panel(count, (0, 0)),
        ]
    if alone:
        panels = [at_first(panel) for panel in panels]
    said = step_clock(
        panels,
        timeline(count, maps),
        step=state.step,
        heard=state.setdefault("heard", Heard()),
        live="LIVE" if live else "",
        alone=alone,
    )
    if said.step is not None:
        state.step = said.step
    match said.pick:
        case Head(layer, head) if state.selected != (layer, head):
            state.selected, state.picked = (layer, head), said.pick
            st.rerun()
        case Position(at) if state.query != at:
            state.query, state.picked = at, said.pick
            st.rerun()
    state.picked = said.pick or state.get("picked")
    state.selected_rows = said.selection or state.get("selected_rows")
    st.text(f"settled step: {state.step}")
    st.text(f"picked: {state.picked}")
    st.text(f"selection: {state.selected_rows}")
    st.text(f"runs: {state.runs}")
    for n in range(12):
        st.text(f"line {n} below the clock")


if __name__ == "__main__":
    main()
