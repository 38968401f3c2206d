"""What each head does: its scores, how they developed, and the loss added without it."""

from collections.abc import Collection, Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.curves import Threshold, curves_panel, with_threshold
from explorer.charts.parts.frames import frame_row
from explorer.charts.parts.labels import column_ticks, escape, row_ticks, width
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel
from explorer.picks import Heads


def scores_panel(
    scores: np.ndarray,
    names: Sequence[str],
    threshold: float,
    frame: Frame,
    *,
    selected: tuple[int, int],
) -> Panel:
    """M measures in 0..1 of every head (S, L, H, M): a row per head, a column per measure.

    The `selected` (layer, head) is framed; the colour bar marks the `threshold` from which a head
    has a role. NaN is blank. ValueError when shapes do not fit.
    """
    given = gaps(scores, "scores", ("S", "L", "H", len(names)))
    steps, layers, heads, measures = given.shape
    at = _row(selected, layers, heads)
    rows = given.reshape(steps, layers * heads, measures)
    words = _heads(layers, heads)
    across = column_ticks(names, theme.plot_width(frame.span))
    turned = max(map(width, names)) if across["tickangle"] else 0
    frame = frame.at_height(theme.height_for(len(words)) + int(turned))
    down = row_ticks(words, theme.plot_height(frame.height) - turned, at)
    figure = go.Figure(
        _score_cells(rows[0], words, names, threshold),
        theme.layout(
            xaxis=theme.cell_axis("measure", measures, across),
            yaxis=theme.cell_axis("head", len(words), down, down=True),
        ),
    )
    frame_row(figure, at, measures)
    return Panel(
        frame,
        figure,
        moving={"0.z": rows},
        alt=_scores_alt(frame.title, rows, names, words, threshold),
        picks=Heads(layers, heads),
    )


def _score_cells(
    rows: np.ndarray, heads: Sequence[str], names: Sequence[str], threshold: float
) -> go.Heatmap:
    bar = {"tickvals": [0, threshold, 1], "ticktext": ["0", f"{threshold:g} role", "1"]}
    return go.Heatmap(
        z=rows,
        text=[[head] * len(names) for head in heads],
        customdata=[[escape(name) for name in names]] * len(heads),
        hovertemplate="%{text}, %{customdata}: %{z:.4~g} "
        f"(a role from {threshold:g})<extra></extra>",
        hoverongaps=False,
        colorscale=theme.SEQUENTIAL,
        zmin=0.0,
        zmax=1.0,
        colorbar=theme.colour_bar("score") | bar,
    )


def role_curves_panel(
    steps: Sequence[int] | np.ndarray,
    scores: np.ndarray,
    names: Sequence[str],
    threshold: float,
    frame: Frame,
) -> Panel:
    """M measures in 0..1 of one head over recorded steps (S, M), and the threshold of a role.

    Raises ValueError when shapes do not fit.
    """
    given = gaps(scores, "scores", (len(steps), len(names)))
    series = dict(zip(names, given.T, strict=True))
    panel = curves_panel(steps, series, frame, Scale("score", limits=(0.0, 1.0)))
    return with_threshold(panel, Threshold(threshold))


def costs_panel(
    costs: np.ndarray,
    frame: Frame,
    *,
    selected: tuple[int, int],
    off: Collection[tuple[int, int]] = (),
) -> Panel:
    """Loss (L, H) in nats per token that switching off each head adds; below zero it helps.

    One bar per head at one step; the `selected` (layer, head) has its own colour, those already
    switched `off` are faint. ValueError when shapes do not fit.
    """
    added = gaps(costs, "costs", ("L", "H"))
    layers, heads = added.shape
    at = _row(selected, layers, heads)
    faint = {_row(head, layers, heads) for head in off}
    words, bars = _heads(layers, heads), added.ravel()
    across = column_ticks(_heads(layers, heads, "L{} H{}"), theme.plot_width(frame.span) + 64, at)
    ends = padded(*extent(np.append(bars, np.float32(0))))
    figure = go.Figure(
        _cost_bars(bars, words, at, faint),
        theme.layout(
            xaxis=theme.cell_axis("head switched off", len(bars), across),
            yaxis=theme.value_axis("loss added, nats per token", ends),
            bargap=0.2,
        ),
    )
    figure.add_shape(theme.level_line(0, line={"color": theme.CURSOR, "width": 1}))
    return Panel(
        frame.at_height(260),
        figure,
        alt=_costs_alt(frame.title, bars, words, at, faint),
        picks=Heads(layers, heads),
    )


def _cost_bars(bars: np.ndarray, heads: Sequence[str], chosen: int, off: Collection[int]) -> go.Bar:
    return go.Bar(
        x=np.arange(len(bars), dtype=np.float32),
        y=bars,
        marker={"color": [_colour(row, chosen, off) for row in range(len(bars))]},
        customdata=[
            f"{head} (already off)" if row in off else head for row, head in enumerate(heads)
        ],
        hovertemplate="without %{customdata} the loss changes by %{y:+.4~g} nats per token"
        "<extra></extra>",
    )


def _heads(layers: int, heads: int, form: str = "layer {} head {}") -> list[str]:
    return [form.format(layer, head) for layer in range(layers) for head in range(heads)]


def _row(selected: tuple[int, int], layers: int, heads: int) -> int:
    """The row or bar of a (layer, head)."""
    layer, head = selected
    if not (0 <= layer < layers and 0 <= head < heads):
        raise ValueError(f"no head {selected} in {layers} layers of {heads} heads")
    return layer * heads + head


def _colour(row: int, chosen: int, off: Collection[int]) -> str:
    if row == chosen:
        return theme.CHOSEN
    return theme.FAINT if row in off else theme.CATEGORIES[0]


def _scores_alt(
    title: str, rows: np.ndarray, names: Sequence[str], heads: Sequence[str], threshold: float
) -> str:
    steps, count, measures = rows.shape
    opening = (
        f"{title}: heatmap, {count} heads by {measures} measures, over {steps} recorded steps."
    )
    last = rows[-1]
    highest = [
        f"{name} {last[row, column]:.3g} ({heads[row]})"
        for column, name in enumerate(names)
        if np.isfinite(last[:, column]).any()
        for row in [int(np.nanargmax(last[:, column]))]
    ]
    if not highest:
        return f"{opening} At the last step no score is finite."
    above = int((last >= threshold).sum())
    return (
        f"{opening} At the last step the highest are: {', '.join(highest)}. "
        f"At or above the threshold of {threshold:g}: {above}."
    )


def _costs_alt(
    title: str, bars: np.ndarray, heads: Sequence[str], chosen: int, off: Collection[int]
) -> str:
    words = f"{title}: bars of the loss that switching off each of {len(bars)} heads adds. "
    form = "Least for {low}, {lowest:.4g}, most for {high}, {highest:.4g} nats per token."
    ends = between(bars, form, heads.__getitem__)
    if not ends:
        return f"{words}No cost is finite."
    words += ends
    if np.isfinite(bars[chosen]):
        words += f" Chosen: {heads[chosen]}, {bars[chosen]:.4g}."
    return words + (
        f" Already switched off: {', '.join(heads[one] for one in sorted(off))}." if off else ""
    )
