"""What each head does: its scores, how they came to be, and what the model loses without it."""

from collections.abc import Collection, Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, extremes, gaps, padded
from explorer.charts.parts.curves import Threshold, curves_panel
from explorer.charts.parts.frames import frame_row
from explorer.charts.parts.labels import column_ticks, escape, row_ticks, width
from explorer.panels import Panel


def scores_panel(
    scores: np.ndarray,
    names: Sequence[str],
    threshold: float,
    *,
    selected: tuple[int, int],
    key: str,
    title: str,
    span: int = 6,
    height: int | None = None,
) -> Panel:
    """M measures in 0..1 of every head (S, L, H, M): one row a head, one column a measure.

    The `selected` (layer, head) is framed; the colour bar tells the `threshold` from which a head
    has a role. A Pick is (layer · H + head, measure). NaN is blank. ValueError when shapes do not
    fit.
    """
    given = gaps(scores, "scores", ("S", "L", "H", len(names)))
    steps, layers, heads, measures = given.shape
    at = _place(selected, layers, heads)
    rows = given.reshape(steps, layers * heads, measures)
    told = _heads(layers, heads)
    columns = column_ticks(names, theme.plot_width(span))
    turned = max(map(width, names)) if columns["tickangle"] else 0
    height = height or theme.height_for(len(told)) + int(turned)
    figure = go.Figure(
        go.Heatmap(
            z=rows[0],
            text=[[head] * measures for head in told],
            customdata=[[escape(name) for name in names]] * len(told),
            hovertemplate="%{text}, %{customdata}: %{z:.4~g} "
            f"(a role from {threshold:g})<extra></extra>",
            hoverongaps=False,
            colorscale=theme.SEQUENTIAL,
            zmin=0.0,
            zmax=1.0,
            colorbar=theme.colour_bar("score")
            | {"tickvals": [0, threshold, 1], "ticktext": ["0", f"{threshold:g} role", "1"]},
        ),
        theme.layout(
            xaxis={
                "title": theme.axis_title("measure"),
                "range": [-0.5, measures - 0.5],
                **columns,
            },
            yaxis={
                "title": theme.axis_title("head"),
                "range": [len(told) - 0.5, -0.5],
                **row_ticks(told, theme.plot_height(height) - turned, at),
            },
        ),
    )
    frame_row(figure, at, measures)
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving={"0.z": rows},
        alt=_scores_alt(title, rows, names, told, threshold),
        span=span,
        height=height,
        pickable=True,
    )


def role_curves_panel(
    steps: Sequence[int] | np.ndarray,
    scores: np.ndarray,
    names: Sequence[str],
    threshold: float,
    *,
    key: str,
    title: str,
    span: int = 6,
    height: int = 260,
) -> Panel:
    """M measures in 0..1 of one head over recorded steps (S, M), and the threshold of a role.

    Raises ValueError when shapes do not fit.
    """
    given = gaps(scores, "scores", (len(steps), len(names)))
    return curves_panel(
        steps,
        dict(zip(names, given.T, strict=True)),
        key=key,
        title=title,
        unit="score",
        limits=(0.0, 1.0),
        threshold=Threshold(threshold),
        span=span,
        height=height,
    )


def costs_panel(
    costs: np.ndarray,
    *,
    key: str,
    title: str,
    selected: tuple[int, int],
    off: Collection[tuple[int, int]] = (),
    span: int = 6,
    height: int = 260,
) -> Panel:
    """Loss (L, H) in nats per token that switching off each head adds; below zero it helps.

    One bar a head at one step; the `selected` (layer, head) has its own colour, those switched
    `off` already are faint. A Pick is (layer · H + head,). ValueError when shapes do not fit.
    """
    added = gaps(costs, "costs", ("L", "H"))
    layers, heads = added.shape
    at = _place(selected, layers, heads)
    faint = {_place(head, layers, heads) for head in off}
    told = _heads(layers, heads)
    bars = added.ravel()
    low, high = extent(np.append(bars, np.float32(0)))
    figure = go.Figure(
        go.Bar(
            x=np.arange(len(bars), dtype=np.float32),
            y=bars,
            marker={"color": [_colour(place, at, faint) for place in range(len(bars))]},
            customdata=[
                f"{head} (off beside)" if place in faint else head
                for place, head in enumerate(told)
            ],
            hovertemplate="without %{customdata} the loss changes by %{y:+.4~g} nats per token"
            "<extra></extra>",
        ),
        theme.layout(
            xaxis={
                "title": theme.axis_title("head switched off"),
                "range": [-0.5, len(bars) - 0.5],
                **column_ticks(_heads(layers, heads, "L{} H{}"), theme.plot_width(span) + 64, at),
            },
            yaxis={
                "title": theme.axis_title("loss added, nats per token"),
                "range": list(padded(low, high)),
                "showgrid": True,
                "nticks": 6,
            },
            bargap=0.2,
        ),
    )
    figure.add_shape(
        type="line", xref="paper", x0=0, x1=1, y0=0, y1=0, line={"color": theme.CURSOR, "width": 1}
    )
    return Panel(
        key=key,
        title=title,
        figure=figure,
        alt=_costs_alt(title, bars, told, at, faint),
        span=span,
        height=height,
        pickable=True,
    )


def _heads(layers: int, heads: int, form: str = "layer {} head {}") -> list[str]:
    return [form.format(layer, head) for layer in range(layers) for head in range(heads)]


def _place(selected: tuple[int, int], layers: int, heads: int) -> int:
    """Which row or bar a (layer, head) is."""
    layer, head = selected
    if not (0 <= layer < layers and 0 <= head < heads):
        raise ValueError(f"no head {selected} in {layers} layers of {heads} heads")
    return layer * heads + head


def _colour(place: int, chosen: int, off: Collection[int]) -> str:
    if place == chosen:
        return theme.CHOSEN
    return theme.FAINT if place in off else theme.CATEGORIES[0]


def _scores_alt(
    title: str, rows: np.ndarray, names: Sequence[str], heads: Sequence[str], threshold: float
) -> str:
    steps, count, measures = rows.shape
    told = f"{title}: heatmap, {count} heads by {measures} measures, over {steps} recorded steps."
    last = rows[-1]
    highest = [
        f"{name} {last[row, column]:.3g} ({heads[row]})"
        for column, name in enumerate(names)
        if np.isfinite(last[:, column]).any()
        for row in [int(np.nanargmax(last[:, column]))]
    ]
    if not highest:
        return f"{told} At the last step no score is finite."
    above = int((last >= threshold).sum())
    return (
        f"{told} At the last step the highest are: {', '.join(highest)}. "
        f"At or above the threshold of {threshold:g}: {above}."
    )


def _costs_alt(
    title: str, bars: np.ndarray, heads: Sequence[str], chosen: int, off: Collection[int]
) -> str:
    told = f"{title}: bars of the loss that switching off each of {len(bars)} heads adds."
    ends = extremes(bars)
    if ends is None:
        return f"{told} No cost is finite."
    (least,), (most,) = ends
    told += (
        f" Least for {heads[least]}, {bars[least]:.4g}, most for {heads[most]}, "
        f"{bars[most]:.4g} nats per token."
    )
    if np.isfinite(bars[chosen]):
        told += f" Chosen: {heads[chosen]}, {bars[chosen]:.4g}."
    return told + (
        f" Switched off beside: {', '.join(heads[one] for one in sorted(off))}." if off else ""
    )
