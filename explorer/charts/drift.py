"""Where tokens stand and how far they have moved: the map and the drift of every row."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from explorer.charts import theme
from explorer.charts.arrays import each_step, extent, gaps, padded
from explorer.charts.labels import escape
from explorer.charts.steps import check_steps, cursor, cursor_places, step_axis
from explorer.panels import Panel

LABELLED = 200  # more glyphs than this cover each other; then dots, and the glyph on hover


def map_panel(
    layout: np.ndarray,
    labels: Sequence[str],
    *,
    key: str,
    title: str,
    row_title: Literal["token", "position"] = "token",
    axis_titles: tuple[str, str] = ("component 1", "component 2"),
    colors: Sequence[str] | np.ndarray | None = None,
    color_title: str = "",
    chosen: int | None = None,
    trail: bool = True,
    per_step: bool = False,
    span: int = 8,
    height: int = 620,
) -> Panel:
    """Places (S, N, 2) of N tokens; a Pick is (token id,). Both axes have the same scale.

    `colors`: a category a token (N strings), or a number a token, (N,) or (S, N), named
    `color_title`. The `chosen` token is ringed; `trail` draws its way from the first step to the
    one shown. Raises ValueError when shapes do not fit or there are more categories than colours.
    """
    places = gaps(layout, "layout", ("S", len(labels), 2))
    places[np.isnan(places).any(axis=2)] = np.nan  # half a place is none
    marker, moving_colors, legend = _dots(colors, color_title, *places.shape[:2])
    points = go.Scatter(
        x=places[0, :, 0],
        y=places[0, :, 1],
        mode="markers+text" if len(labels) <= LABELLED else "markers",
        text=[escape(label) for label in labels],
        customdata=np.arange(len(labels)),
        textfont={
            "size": [22 if row == chosen else 15 for row in range(len(labels))],
            "family": theme.GLYPHS,
        },
        marker=marker,
        hovertemplate=f"{row_title} '%{{text}}' (id %{{customdata:d}})<br>"
        "%{xaxis.title.text}: %{x:.4g}<br>%{yaxis.title.text}: %{y:.4g}<extra></extra>",
        cliponaxis=False,
        showlegend=False,
    )
    figure = go.Figure(points, _map_layout(places, axis_titles, bool(legend)))
    moving = {"0.x": places[:, :, 0], "0.y": places[:, :, 1], **moving_colors}
    if chosen is not None:
        moving |= _add_chosen(figure, places[:, chosen], trail)
    figure.add_traces(legend)
    if per_step:
        for axis, name in enumerate(("xaxis", "yaxis")):
            ranges = each_step(places[:, :, axis])
            moving[f"layout.{name}.range"] = ranges
            figure.layout[name].range = ranges[0].tolist()
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving=moving,
        alt=_map_alt(title, places, labels, chosen),
        span=span,
        height=height,
        pickable=True,
    )


def drift_panel(
    distances: np.ndarray,
    steps: Sequence[int] | np.ndarray,
    labels: Sequence[str],
    *,
    key: str,
    title: str,
    chosen: int | None = None,
    span: int = 12,
    height: int = 280,
) -> Panel:
    """Distances (S, N) of every row from its first place, over recorded steps (S,).

    Every row is a faint line, `chosen` a strong one; a cursor runs along with the step.
    """
    steps = check_steps(steps)
    moved = gaps(distances, "distances", (len(steps), len(labels)))
    top = padded(0.0, extent(moved)[1])[1]
    figure = go.Figure(
        [_faint_lines(moved, steps, labels), cursor(0.0, top)],
        theme.layout(
            xaxis=step_axis(steps),
            yaxis={
                "title": theme.axis_title(f"distance from step {steps[0]:,} (L2)"),
                "range": [0, top],
            },
            margin=theme.MARGIN | {"r": 36},
        ),
    )
    moving = {"1.x": cursor_places(len(steps))}
    if chosen is not None:
        moving |= _add_chosen_drift(figure, moved[:, chosen], labels[chosen])
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving=moving,
        alt=_drift_alt(title, moved, steps, labels),
        span=span,
        height=height,
    )


def _map_layout(places: np.ndarray, titles: tuple[str, str], legend: bool) -> go.Layout:
    (left, right), (low, high) = (padded(*extent(places[:, :, axis])) for axis in (0, 1))
    return theme.layout(
        xaxis={"title": theme.axis_title(escape(titles[0])), "range": [left, right], "nticks": 6},
        yaxis={
            "title": theme.axis_title(escape(titles[1])),
            "range": [low, high],
            "nticks": 6,
            "scaleanchor": "x",
            "scaleratio": 1,
        },
        showlegend=legend,
        margin=theme.MARGIN | {"t": 36 if legend else 8},
    )


def _dots(
    colors: Sequence[str] | np.ndarray | None, title: str, steps: int, count: int
) -> tuple[dict[str, Any], dict[str, np.ndarray], list[go.Scatter]]:
    """The soft dots behind the glyphs: their marker, what of it moves, and a legend's traces."""
    soft = {"size": 22 if count <= LABELLED else 8, "opacity": 0.35, "line": {"width": 0}}
    if colors is None:
        return soft | {"color": theme.CATEGORIES[0]}, {}, []
    given = np.asarray(colors)
    if given.dtype.kind not in "biuf":
        return _category_dots([str(color) for color in colors], soft, count)
    values = gaps(given, "colors", (steps, count) if given.ndim == 2 else (count,))
    low, high = extent(values)
    scale = {
        "color": values[0] if given.ndim == 2 else values,
        "colorscale": theme.SEQUENTIAL,
        "cmin": low,
        "cmax": high,
        "colorbar": theme.colour_bar(escape(title)),
        "opacity": 0.6,
    }
    return soft | scale, {"0.marker.color": values} if given.ndim == 2 else {}, []


def _category_dots(
    colors: Sequence[str], soft: dict[str, Any], count: int
) -> tuple[dict[str, Any], dict[str, np.ndarray], list[go.Scatter]]:
    if len(colors) != count:
        raise ValueError(f"colors must have one category for each of {count} tokens")
    names = list(dict.fromkeys(colors))
    if len(names) > len(theme.CATEGORIES):
        raise ValueError(f"{len(names)} categories, more than {len(theme.CATEGORIES)} colours")
    palette = dict(zip(names, theme.CATEGORIES, strict=False))
    legend = [
        go.Scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=escape(name),
            marker={"color": palette[name], "size": 12},
            showlegend=True,
            hoverinfo="skip",
        )
        for name in names
    ]
    return soft | {"color": [palette[color] for color in colors]}, {}, legend


def _add_chosen(figure: go.Figure, way: np.ndarray, trail: bool) -> dict[str, np.ndarray]:
    """A ring around the chosen token, and its way (S, 2) up to the step shown with its start.

    They lie below the glyphs, and let the pointer through: a click means the token under it.
    """
    below: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False, "zorder": -1}
    ring = {"size": 28, "color": "rgba(0,0,0,0)", "line": {"color": theme.CHOSEN, "width": 3}}
    first = len(figure.data)
    figure.add_scatter(x=way[:1, 0], y=way[:1, 1], mode="markers", marker=ring, **below)
    moving = {f"{first}.x": way[:, :1], f"{first}.y": way[:, 1:]}
    if not trail:
        return moving
    past = np.tri(len(way), dtype=bool)  # (S, S): at step s, the places up to s
    xs, ys = (np.where(past, way[:, axis], np.float32(np.nan)) for axis in (0, 1))
    line = {"color": theme.CHOSEN, "width": 2}
    figure.add_scatter(
        x=xs[0],
        y=ys[0],
        mode="lines+markers",
        line=line,
        marker={"size": 4, "color": theme.CHOSEN},
        opacity=0.7,
        **below,
    )
    start = {"size": 9, "symbol": "x-thin", "line": {"color": theme.CHOSEN, "width": 2}}
    figure.add_scatter(
        x=way[:1, 0],
        y=way[:1, 1],
        mode="markers+text",
        text=["start"],
        textposition="bottom center",
        textfont={"size": 12, "color": theme.CHOSEN},
        marker=start,
        **below,
    )
    return moving | {f"{first + 1}.x": xs, f"{first + 1}.y": ys}


def _faint_lines(moved: np.ndarray, steps: np.ndarray, labels: Sequence[str]) -> go.Scatter:
    """All rows in one trace, a gap between them: one path is drawn faster than many."""
    count, rows = moved.shape
    x = np.tile(np.arange(count + 1, dtype=np.float32), rows)
    y = np.full((rows, count + 1), np.nan, np.float32)
    y[:, :count] = moved.T
    words = [f"'{escape(label)}' (id {row})" for row, label in enumerate(labels)]
    return go.Scatter(
        x=x,
        y=y.ravel(),
        mode="lines",
        line={"color": theme.FAINT, "width": 1},
        customdata=np.tile(np.append(steps, 0), rows),
        text=[word for word in words for _ in range(count + 1)],
        hovertemplate="token %{text} has moved %{y:.4g} by step %{customdata:,d}<extra></extra>",
    )


def _add_chosen_drift(figure: go.Figure, moved: np.ndarray, label: str) -> dict[str, np.ndarray]:
    """The chosen row's line (S,), and a dot on it at the step shown."""
    accent = {"color": theme.CHOSEN}
    quiet: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False}
    places = np.arange(len(moved), dtype=np.float32)
    figure.add_scatter(x=places, y=moved, mode="lines", line={**accent, "width": 3}, **quiet)
    at = len(figure.data)
    figure.add_scatter(
        x=places[:1],
        y=moved[:1],
        mode="markers+text",
        marker={**accent, "size": 10},
        text=[escape(label)],
        textposition="top right",
        textfont={**accent, "size": 15, "family": theme.GLYPHS},
        cliponaxis=False,
        **quiet,
    )
    return {f"{at}.x": places[:, None], f"{at}.y": moved[:, None]}


def _map_alt(title: str, places: np.ndarray, labels: Sequence[str], chosen: int | None) -> str:
    steps, count, _ = places.shape
    told = f"{title}: map of {count} tokens over {steps} recorded steps."
    lost = int(np.isnan(places[:, :, 0]).sum())
    if lost == steps * count:
        return f"{told} No place is finite."
    (left, right), (low, high) = (extent(places[:, :, axis]) for axis in (0, 1))
    told += f" Across from {left:.4g} to {right:.4g}, up from {low:.4g} to {high:.4g}."
    way = np.linalg.norm(places[-1].astype(float) - places[0], axis=1)
    if np.isfinite(way).any():
        far = int(np.nanargmax(way))
        told += f" From first to last step '{labels[far]}' moved most, by {way[far]:.4g}."
    if chosen is not None:
        told += f" '{labels[chosen]}' is chosen."
    if count > LABELLED:
        told += f" More than {LABELLED} tokens: dots without glyphs."
    return told + (f" {lost:,} places are not finite." if lost else "")


def _drift_alt(title: str, moved: np.ndarray, steps: np.ndarray, labels: Sequence[str]) -> str:
    told = (
        f"{title}: lines of {len(labels)} rows over {len(steps)} recorded steps, "
        f"from step {steps[0]:,} to {steps[-1]:,}."
    )
    last = moved[-1]
    if not np.isfinite(last).any():
        return f"{told} No distance at the last step is finite."
    far, near = int(np.nanargmax(last)), int(np.nanargmin(last))
    return (
        f"{told} At the last step '{labels[far]}' has moved most, {last[far]:.4g}, "
        f"and '{labels[near]}' least, {last[near]:.4g}."
    )
