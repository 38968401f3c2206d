"""Panels as a page of maps has them: crowded labels, trails, arrows, a colour that moves, 3-D."""

import functools
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.panels import Frame, Panel
from explorer.picks import Tokens
from tests.support.browser.clock_demo import LABELS

STEPS = 120
TAIL = 120  # points of a trail
CHOSEN = 12
FIRST_ROW = 100  # the token id of the first point
LOST = {5: slice(40, 60), 6: slice(0, 20)}  # tokens without a point at these steps
QUIET: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False}


@functools.cache
def way(dimensions: int = 2) -> np.ndarray:
    """(TAIL + STEPS, 65, dimensions): a cloud contracts into six clusters; the last STEPS count."""
    rng = np.random.default_rng(3)
    start = rng.normal(0, 0.4, (65, dimensions))
    crowds = rng.uniform(-0.8, 0.8, (6, dimensions))
    goal = crowds[rng.integers(0, 6, 65)] + rng.normal(0, 0.1, (65, dimensions))
    time = np.linspace(0, 1, TAIL + STEPS).reshape(-1, 1, 1)
    turn = 0.06 * np.sin(9 * time + rng.uniform(0, 6.3, (65, dimensions)))
    return (start + (goal - start) * time + turn).astype(np.float32)


def places(dimensions: int = 2) -> np.ndarray:
    """(STEPS, 65, dimensions): each token's point; NaN where it has none."""
    found = way(dimensions)[TAIL:].copy()
    for token, when in LOST.items():
        found[when, token] = np.nan
    return found


def trails(tokens: np.ndarray) -> np.ndarray:
    """(STEPS, len(tokens) · (TAIL + 1), 2): the last TAIL points of each, and a gap after each."""
    windows = np.lib.stride_tricks.sliding_window_view(way(), TAIL, axis=0)[1 : STEPS + 1]
    shown = np.full((STEPS, len(tokens), TAIL + 1, 2), np.nan, np.float32)
    shown[:, :, :TAIL] = windows[:, tokens].transpose(0, 1, 3, 2)
    return shown.reshape(STEPS, -1, 2)


def arrows() -> np.ndarray:
    """(STEPS, 65 · 7, 2): shaft, gap, head, gap of an arrow along each token's next move."""
    now, move = places(), 6 * np.diff(way()[TAIL - 1 :], axis=0)
    across = move[..., ::-1] * np.array([-1, 1], np.float32)
    tip, gap = now + move, np.full_like(now, np.nan)
    left, right = (tip - 0.3 * move + side * 0.15 * across for side in (1, -1))
    return np.stack([now, tip, gap, left, tip, right, gap], axis=2).reshape(STEPS, -1, 2)


def distances() -> np.ndarray:
    """(STEPS, 65) in [0, 1]: how far each token is from its first point, one of them unknown."""
    moved = np.linalg.norm(way()[TAIL:] - way()[TAIL], axis=2)
    moved[:, 9] = np.nan
    return (moved / np.nanmax(moved)).astype(np.float32)


def map_panel(color: str) -> Panel:
    """65 labelled tokens with moving colours; behind them trails, arrows, a ring and its path."""
    at, colors = places(), distances()
    chosen = at[:, [CHOSEN]]
    past = np.where(np.tri(STEPS, dtype=bool)[:, :, None], at[None, :, CHOSEN], np.float32(np.nan))
    moved = [at, trails(np.arange(0, 60, 6)), arrows(), chosen, past]
    looks: list[dict[str, Any]] = [
        points(colors[0]),
        {"mode": "lines", "line": {"color": "rgba(213, 94, 0, 0.5)", "width": 1.5}},
        {"mode": "lines", "line": {"color": "#8A8F98", "width": 1}},
        {"mode": "markers", "marker": {"size": 28, "color": color, "opacity": 0.4}},
        {"mode": "lines+markers", "marker": {"size": 4, "color": color}},
    ]
    # Drawn point for point, so that a test can compare each with Plotly's.
    for look in looks[1:]:
        look |= {"zorder": -1, **QUIET}
        look["line"] = look.get("line", {}) | {"simplify": False}
    traces = [
        go.Scatter(x=xy[0, :, 0], y=xy[0, :, 1], **look)
        for xy, look in zip(moved, looks, strict=True)
    ]
    moving = {
        f"{trace}.{name}": np.ascontiguousarray(xy[:, :, axis])
        for trace, xy in enumerate(moved[:-1])
        for axis, name in enumerate("xy")
    }
    ways = {f"4.{name}": at[:, CHOSEN, axis][None] for axis, name in enumerate("xy")}
    side = {"range": [-1.3, 1.3]}
    layout = {"xaxis": side, "yaxis": side | {"scaleanchor": "x"}, "margin": {"r": 70}}
    return Panel(
        Frame("map", "Map of tokens", 8, 620), go.Figure(traces, layout),
        moving | {"0.marker.color": colors}, ways, lasso=True, declutter=True,
        picks=Tokens(tuple(range(FIRST_ROW, FIRST_ROW + 65))),
    )  # fmt: skip


def points(colors: np.ndarray) -> dict[str, Any]:
    """The style of tokens: a soft dot with the glyph on it, the chosen one's larger."""
    sizes = [22 if token == CHOSEN else 15 for token in range(65)]
    return {
        "mode": "markers+text",
        "text": [text.replace("&", "&amp;").replace("<", "&lt;") for text in LABELS],
        "textfont": {"size": sizes, "family": "DejaVu Sans Mono, monospace"},
        "marker": {"size": 22, "opacity": 0.6, "color": colors, "colorscale": "Viridis",
                   "cmin": 0, "cmax": 1, "colorbar": {"title": "moved"}},
        "cliponaxis": False,
        "showlegend": False,
    }  # fmt: skip


def space_panel(color: str) -> Panel:
    """The tokens in three dimensions, with one trail."""
    at = places(3)
    path = np.full((STEPS, TAIL, 3), np.nan, np.float32)
    for step in range(STEPS):
        path[step, : step + 1] = at[: step + 1, CHOSEN]
    # WebGL text knows no entities and one tag, <br>: a zero-width space prevents it.
    text = [label.replace("<", "<\u200b") for label in LABELS]
    traces = [
        go.Scatter3d(
            mode="markers+text", text=text, marker={"size": 4, "color": color},
            textfont={"size": 13}, showlegend=False,
        ),
        go.Scatter3d(mode="lines", line={"color": color, "width": 4}, **QUIET),
    ]  # fmt: skip
    moving = {}
    for trace, xyz in enumerate([at, path]):
        for axis, name in enumerate("xyz"):
            moving[f"{trace}.{name}"] = np.ascontiguousarray(xyz[:, :, axis])
            traces[trace][name] = xyz[0, :, axis]
    sides = {"range": [-1.3, 1.3]}
    layout = {"scene": {"xaxis": sides, "yaxis": sides, "zaxis": sides, "aspectmode": "cube"}}
    return Panel(
        Frame("space", "Tokens in three dimensions", 8, 560), go.Figure(traces, layout), moving,
        picks=Tokens(tuple(range(65))),
    )  # fmt: skip
