"""Values along the depth of a model, from left to right: lines, or a heatmap of tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import each_step, extent, gaps, log_ticks, padded
from explorer.charts.parts.labels import (
    column_ticks,
    counted,
    escape,
    in_lines,
    row_ticks,
    with_positions,
)
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel
from explorer.picks import Positions


@dataclass(frozen=True)
class Sites:
    """Where values were read along the depth of a model: the sites' names and their kind.

    `in_depth` is False for other points on the axis, such as lengths of windows.
    """

    names: Sequence[str]
    kind: str = "norm"
    in_depth: bool = True

    def axis(self, pixels: float) -> dict[str, Any]:
        title = f"{self.kind}, in depth order" if self.in_depth else self.kind
        return theme.cell_axis(title, len(self.names), column_ticks(self.names, pixels))


def depth_panel(
    values: Mapping[str, np.ndarray], sites: Sites, frame: Frame, scale: Scale
) -> Panel:
    """One line per series (S, K) over K sites; all share one scale, linear or logarithmic.

    Raises ValueError when shapes do not fit.
    """
    names, log = sites.names, scale.log
    drawn = {name: _drawable(array, name, ("S", len(names)), log) for name, array in values.items()}
    everything = np.stack(list(drawn.values()), axis=1)  # (S, series, K)
    plotted = np.log10(everything) if log else everything
    ranges = each_step(plotted)
    whole = scale.limits or padded(*extent(plotted))
    ticks: dict[str, Any] = {"type": "log" if log else "linear"}
    if log and not scale.per_step:
        ticks |= theme.log_axis(*whole)
    ends = ranges[0].tolist() if scale.per_step else whole
    figure = go.Figure(
        [_depth_line(index, drawn, names, scale.unit) for index in range(len(drawn))],
        theme.layout(
            xaxis=sites.axis(theme.plot_width(frame.span) + 64),
            yaxis=theme.value_axis(escape(scale.unit), ends, ticks),
            legend=len(drawn) > 1,
        ),
    )
    moving = {f"{index}.y": series for index, series in enumerate(drawn.values())}
    if scale.per_step:
        moving["layout.yaxis.range"] = ranges
    where = "sites in depth order" if sites.in_depth else f"points ({sites.kind})"
    steps = counted(len(everything), "recorded step")
    return Panel(
        frame.at_height(320),
        figure,
        moving=moving,
        alt=f"{frame.title}: lines over {len(names)} {where}, {steps}, in {scale.unit}."
        f"{_series_words(drawn, names)}",
    )


def token_depth_panel(
    values: np.ndarray, sites: Sites, labels: Sequence[str], frame: Frame, scale: Scale
) -> Panel:
    """Values (S, K, T) of K sites at T tokens: rows are tokens, columns sites.

    On a logarithmic scale colours follow the logarithm; hover and bar give the values. Raises
    ValueError when shapes do not fit.
    """
    names, log = sites.names, scale.log
    table = _drawable(values, "values", ("S", len(names), len(labels)), log)
    table = np.ascontiguousarray(table.transpose(0, 2, 1))  # (S, T, K)
    coloured = np.log10(table) if log else table
    ends = [extent(step) for step in coloured] if scale.per_step else [extent(coloured)]
    bar = theme.colour_bar(escape(scale.unit)) | (_bar_ticks(*extent(coloured)) if log else {})
    frame = frame.at_height(theme.height_for(len(labels), least=320))
    down = row_ticks(with_positions(labels), theme.plot_height(frame.height))
    figure = go.Figure(
        _cells(coloured[0], table[0], _cell_words(labels, names)).update(
            zmin=ends[0][0],
            zmax=ends[0][1],
            colorbar=bar,
            colorscale=theme.ORDERED if log else theme.SEQUENTIAL,
        ),
        theme.layout(
            xaxis=sites.axis(theme.plot_width(frame.span)),
            yaxis=theme.TOKENS | theme.cell_axis("token", len(labels), down, down=True),
        ),
    )
    moving = {"0.z": coloured, "0.customdata": table}
    if scale.per_step:
        limits = np.array(ends, np.float32)
        moving |= {"0.zmin": limits[:, 0].copy(), "0.zmax": limits[:, 1].copy()}
    return Panel(
        frame,
        figure,
        moving=moving,
        alt=f"{frame.title}: heatmap, {len(labels)} tokens by {len(names)} sites in depth order, "
        f"{len(table)} recorded steps, in {scale.unit}."
        f" At the last step {_range_words(table[-1], names, labels)}",
        picks=Positions(len(labels)),
    )


def _drawable(values: np.ndarray, name: str, shape: Sequence[int | str], log: bool) -> np.ndarray:
    """float32 with gaps; on a logarithmic scale also where a value is not positive."""
    array = gaps(values, name, shape)
    return np.where(array > 0, array, np.float32(np.nan)) if log else array


def _depth_line(
    index: int, drawn: Mapping[str, np.ndarray], names: Sequence[str], unit: str
) -> go.Scatter:
    name, series = list(drawn.items())[index]
    return go.Scatter(
        x=np.arange(len(names), dtype=np.float32),
        y=series[0],
        mode="lines+markers",
        name=escape(name),
        line={"color": theme.CATEGORIES[index % len(theme.CATEGORIES)], "width": 2.5},
        marker={"size": 8, "symbol": index},
        customdata=[escape(norm) for norm in names],
        hovertemplate=f"%{{customdata}}, {escape(name)}: %{{y:.4g}} ({escape(unit)})"
        "<extra></extra>",
        cliponaxis=False,
    )


def _cells(coloured: np.ndarray, values: np.ndarray, words: list[list[str]]) -> go.Heatmap:
    return go.Heatmap(
        z=coloured,
        customdata=values,
        text=words,
        hovertemplate="%{text}: %{customdata:.4g}<extra></extra>",
        hoverongaps=False,
    )


def _cell_words(labels: Sequence[str], names: Sequence[str]) -> list[list[str]]:
    """(T, K): the site and the token of each cell."""
    return [
        [f"{escape(name)}, '{in_lines(label)}' at {position}" for name in names]
        for position, label in enumerate(labels)
    ]


def _bar_ticks(low: float, high: float) -> dict[str, list[float] | list[str]]:
    """Ticks of a colour bar over logarithms [low, high], labelled with the values."""
    ticks = log_ticks(low, high)
    return {"tickvals": np.log10(ticks).tolist(), "ticktext": [f"{tick:.3g}" for tick in ticks]}


def _range_words(last: np.ndarray, names: Sequence[str], labels: Sequence[str]) -> str:
    words = between(
        last,
        "from {lowest:.4g} ({low}) to {highest:.4g} ({high}).",
        lambda position, site: f"'{labels[position]}' at {position}, {names[site]}",
    )
    return words or "no value can be drawn."


def _series_words(drawn: Mapping[str, np.ndarray], names: Sequence[str]) -> str:
    form = "is lowest at {low} ({lowest:.4g}) and highest at {high} ({highest:.4g})."
    ends = {name: between(series[-1], form, names.__getitem__) for name, series in drawn.items()}
    return "".join(
        f" At the last step {name} {words or 'has no value that can be drawn.'}"
        for name, words in ends.items()
    )
