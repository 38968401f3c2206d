"""Numbers along the depth of a model: one column a norm or another place, left to right."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import each_step, extent, extremes, gaps, log_ticks, padded
from explorer.charts.parts.labels import column_ticks, escape, row_ticks, with_positions
from explorer.panels import Panel


def depth_panel(
    values: Mapping[str, np.ndarray],
    names: Sequence[str],
    *,
    key: str,
    title: str,
    unit: str,
    along: str = "norm",
    depth: bool = True,
    log: bool = False,
    limits: tuple[float, float] | None = None,
    per_step: bool = False,
    span: int = 6,
    height: int = 320,
) -> Panel:
    """One line a series (S, K) over K places `along` the depth; all share one scale, in `unit`.

    Without `depth` the places are no parts of a model, and `along` is all that is said of them.
    The scale holds all steps, or with `per_step` follows the step shown; `limits` are the ends of
    a linear one where the unit has them. `log`: numbers that are not positive are gaps. Raises
    ValueError when shapes do not fit.
    """
    drawn = {name: _drawable(array, name, ("S", len(names)), log) for name, array in values.items()}
    everything = np.stack(list(drawn.values()), axis=1)  # (S, series, K)
    ranges = each_step(np.log10(everything) if log else everything)
    whole = limits or padded(*extent(np.log10(everything) if log else everything))
    figure = go.Figure(
        [_depth_line(index, drawn, names, unit) for index in range(len(drawn))],
        theme.layout(
            xaxis={
                "title": theme.axis_title(f"{along}, in depth order" if depth else along),
                "range": [-0.5, len(names) - 0.5],
                **column_ticks(names, theme.plot_width(span) + 64),
            },
            yaxis={
                "title": theme.axis_title(escape(unit)),
                "type": "log" if log else "linear",
                "range": ranges[0].tolist() if per_step else list(whole),
                "showgrid": True,
                **(theme.log_axis(*whole) if log and not per_step else {}),
            },
            showlegend=len(drawn) > 1,
            margin=theme.MARGIN | {"t": 32 if len(drawn) > 1 else 8},
        ),
    )
    moving = {f"{index}.y": series for index, series in enumerate(drawn.values())}
    if per_step:
        moving["layout.yaxis.range"] = ranges
    places, count = "in depth order" if depth else f"({along})", len(everything)
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving=moving,
        alt=f"{title}: lines over {len(names)} places {places}, {count} recorded "
        f"step{'s' * (count > 1)}, in {unit}.{_series_words(drawn, names)}",
        span=span,
        height=height,
    )


def token_depth_panel(
    values: np.ndarray,
    names: Sequence[str],
    labels: Sequence[str],
    *,
    key: str,
    title: str,
    unit: str,
    along: str = "norm",
    log: bool = False,
    per_step: bool = False,
    span: int = 6,
    height: int | None = None,
) -> Panel:
    """Values (S, K, T) of K places at T tokens: rows are tokens, columns go `along` the depth.

    A Pick is (position, place). `log` colours by the logarithm and shows the numbers as they are;
    numbers that are not positive are gaps. Raises ValueError when shapes do not fit.
    """
    shown = _drawable(values, "values", ("S", len(names), len(labels)), log)
    shown = np.ascontiguousarray(shown.transpose(0, 2, 1))  # (S, T, K)
    coloured = np.log10(shown) if log else shown
    ends = [extent(step) for step in coloured] if per_step else [extent(coloured)]
    height = height or theme.height_for(len(labels), least=320)
    width = theme.plot_width(span)
    figure = go.Figure(
        go.Heatmap(
            z=coloured[0],
            customdata=shown[0],
            text=_cell_words(labels, names),
            hovertemplate="%{text}: %{customdata:.4g}<extra></extra>",
            hoverongaps=False,
            colorscale=theme.SEQUENTIAL,
            zmin=ends[0][0],
            zmax=ends[0][1],
            colorbar=theme.colour_bar(escape(unit))
            | (_log_bar_ticks(*extent(coloured)) if log else {}),
        ),
        theme.layout(
            xaxis={
                "title": theme.axis_title(f"{along}, in depth order"),
                "range": [-0.5, len(names) - 0.5],
                **column_ticks(names, width),
            },
            yaxis={
                "title": theme.axis_title("token"),
                "range": [len(labels) - 0.5, -0.5],
                "tickfont": {"size": 12, "family": theme.GLYPHS},
                **row_ticks(with_positions(labels), theme.plot_height(height)),
            },
        ),
    )
    moving = {"0.z": coloured, "0.customdata": shown}
    if per_step:
        limits = np.array(ends, np.float32)
        moving |= {"0.zmin": limits[:, 0].copy(), "0.zmax": limits[:, 1].copy()}
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving=moving,
        alt=_token_alt(title, shown, names, labels, unit),
        span=span,
        height=height,
        pickable=True,
    )


def _drawable(values: np.ndarray, name: str, shape: Sequence[int | str], log: bool) -> np.ndarray:
    """float32 with gaps; on a logarithmic scale what is not positive is a gap as well."""
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


def _cell_words(labels: Sequence[str], names: Sequence[str]) -> list[list[str]]:
    """(T, K): which norm and which token a cell is about."""
    return [
        [f"{escape(name)}, '{escape(label)}' at {place}" for name in names]
        for place, label in enumerate(labels)
    ]


def _log_bar_ticks(low: float, high: float) -> dict[str, list[float] | list[str]]:
    """Ticks of a colour bar over logarithms [low, high] that tell the numbers themselves."""
    ticks = log_ticks(low, high)
    return {"tickvals": np.log10(ticks).tolist(), "ticktext": [f"{tick:.3g}" for tick in ticks]}


def _series_words(drawn: Mapping[str, np.ndarray], names: Sequence[str]) -> str:
    words = []
    for name, series in drawn.items():
        last = series[-1]
        if np.isfinite(last).any():
            low, high = int(np.nanargmin(last)), int(np.nanargmax(last))
            words.append(
                f" At the last step {name} is lowest at {names[low]} ({last[low]:.4g}) "
                f"and highest at {names[high]} ({last[high]:.4g})."
            )
        else:
            words.append(f" At the last step {name} has no number that can be drawn.")
    return "".join(words)


def _token_alt(
    title: str, shown: np.ndarray, names: Sequence[str], labels: Sequence[str], unit: str
) -> str:
    told = (
        f"{title}: heatmap, {len(labels)} tokens by {len(names)} places in depth order, "
        f"{len(shown)} recorded steps, in {unit}."
    )
    last = shown[-1]
    ends = extremes(last)
    if ends is None:
        return f"{told} At the last step there is no number that can be drawn."
    low, high = (
        f"{last[place, norm]:.4g} ('{labels[place]}' at {place}, {names[norm]})"
        for place, norm in ends
    )
    return f"{told} At the last step from {low} to {high}."
