"""How one head makes its weights and what they move: the four stages, and a pair term by term."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import LARGEST, bound, extent, extremes, gaps
from explorer.charts.parts.labels import NOBODY, count_ticks
from explorer.charts.parts.squares import KEY, QUERY, Text, masked, square
from explorer.panels import Panel

BAR = 36  # pixels for a colour bar and its numbers above a square


def stage_panels(
    scores: np.ndarray,
    weights: np.ndarray,
    head_size: int,
    labels: Sequence[str],
    *,
    query: int,
    key_position: int,
    marked: Mapping[int, str] = NOBODY,
    span: int = 3,
    height: int | None = None,
) -> list[Panel]:
    """The four stages of one head at T positions: product, scaled, masked, softmax.

    scores (S, T, T) are query · key / √head_size before the mask, weights (S, T, T) follow from
    them; weights that `masked` gave are not copied. Scales are centred on zero and reach the
    largest magnitude of all cells and steps, the future included: 2 and 3 share theirs, so the
    mask takes cells away and changes no colour. A Pick is (query, key); the chosen query's row
    and the chosen pair's cell are framed. Raises ValueError when shapes do not fit.
    """
    text = Text(labels, query, key_position, marked)
    scaled = gaps(scores, "scores", ("S", len(labels), len(labels)))
    read = masked(weights, "weights", len(labels))
    if len(read) != len(scaled):
        raise ValueError(f"weights of {len(read)} steps do not fit scores of {len(scaled)}")
    root = math.sqrt(head_size)
    with np.errstate(over="ignore"):
        product = gaps(scaled * root, "scores", scaled.shape)
    size: dict[str, Any] = {"text": text, "span": span, "height": height}
    return [
        _square_panel(
            product,
            key="stage-product",
            title="1 · query · key",
            hover=f"{QUERY}<br>· {KEY}<br>= %{{z:.4~g}}",
            colours=_signed(product),
            may_read=False,
            **size,
        ),
        _square_panel(
            scaled,
            key="stage-scaled",
            title=f"2 · divided by √head_size (= {root:.4g})",
            hover=f"{QUERY}<br>· {KEY}<br>divided by {root:.4g}: %{{z:.4~g}}",
            colours=_signed(scaled),
            may_read=False,
            **size,
        ),
        _square_panel(
            masked(scaled),
            key="stage-masked",
            title="3 · future masked",
            hover=f"{QUERY}<br>may read {KEY}:<br>score %{{z:.4~g}}",
            colours=_signed(scaled),
            **size,
        ),
        _square_panel(
            read,
            key="stage-weights",
            title="4 · softmax",
            hover=f"{QUERY}<br>reads %{{z:.4~g}}<br>of {KEY}",
            colours=_positive(1.0),
            **size,
        ),
    ]


def contribution_panel(
    contributions: np.ndarray,
    labels: Sequence[str],
    *,
    key: str,
    title: str,
    query: int,
    key_position: int,
    marked: Mapping[int, str] = NOBODY,
    span: int = 3,
    height: int | None = None,
) -> Panel:
    """How far each key moves each query: ‖weight · value · W_O‖ (S, T, T), Kobayashi et al. 2020.

    Colours run from 0 to the largest length over all steps. Masked cells are blank, a Pick is
    (query, key). Raises ValueError when shapes do not fit.
    """
    lengths = masked(contributions, "contributions", len(labels))
    return _square_panel(
        lengths,
        key=key,
        title=title,
        hover=f"{KEY}<br>moves {QUERY}<br>by a length of %{{z:.4~g}}",
        colours=_positive(extent(lengths)[1] or 1.0),
        text=Text(labels, query, key_position, marked),
        span=span,
        height=height,
    )


def pair_panel(
    queries: np.ndarray,
    keys: np.ndarray,
    *,
    key: str,
    title: str,
    span: int = 6,
    height: int = 300,
) -> Panel:
    """Query and key vector (S, D) of one pair and their product, channel by channel.

    The products of all D = head_size channels add up to query · key. One scale for all bars and
    steps, centred on zero. Raises ValueError when shapes do not fit.
    """
    query_vector = gaps(queries, "queries", ("S", "D"))
    key_vector = gaps(keys, "keys", query_vector.shape)
    with np.errstate(over="ignore"):
        product = gaps(query_vector * key_vector, "products", query_vector.shape)
    series = {"query": query_vector, "key": key_vector, "product": product}
    channels = query_vector.shape[1]
    top = min(1.05 * max(bound(values) for values in series.values()), LARGEST)
    figure = go.Figure(
        [
            _channel_bars(values[0], name, sign, colour)
            for (name, values), sign, colour in zip(
                series.items(), ("", "× ", "= "), theme.CATEGORIES, strict=False
            )
        ],
        theme.layout(
            xaxis={
                "title": theme.axis_title("channel of the head"),
                "range": [-0.5, channels - 0.5],
                "showspikes": False,
                "unifiedhovertitle": {"text": "channel %{x:d}"},
                **count_ticks(channels, theme.plot_width(span) + 64),
            },
            yaxis={
                "title": theme.axis_title("value"),
                "range": [-top, top],
                "showgrid": True,
                "nticks": 6,
            },
            hovermode="x unified",
            bargap=0.25,
            showlegend=True,
            margin=theme.MARGIN | {"t": 32},
        ),
    )
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving={f"{i}.y": values for i, values in enumerate(series.values())},
        alt=_pair_alt(title, product),
        span=span,
        height=height,
    )


def _square_panel(
    values: np.ndarray,
    *,
    key: str,
    title: str,
    hover: str,
    colours: dict[str, Any],
    text: Text,
    span: int,
    height: int | None,
    may_read: bool = True,
) -> Panel:
    """A square as wide as the panel, its colour bar above it."""
    across = theme.plot_width(span) + 64  # no colour bar beside it
    height = height or int(across) + BAR + theme.MARGIN["t"] + theme.MARGIN["b"]
    side = min(theme.plot_height(height) - BAR, across)
    return Panel(
        key=key,
        title=title,
        figure=square(values[0], text, hover=hover, colours=colours, side=side, may_read=may_read),
        moving={"0.z": values},
        alt=_square_alt(title, values, text),
        span=span,
        height=height,
        pickable=True,
    )


def _signed(values: np.ndarray) -> dict[str, Any]:
    end = bound(values)
    bar = theme.flat_colour_bar([-end, 0.0, end])
    return {"colorscale": theme.DIVERGING, "zmin": -end, "zmax": end, "colorbar": bar}


def _positive(end: float) -> dict[str, Any]:
    bar = theme.flat_colour_bar([0.0, end / 2, end])
    return {"colorscale": theme.SEQUENTIAL, "zmin": 0.0, "zmax": end, "colorbar": bar}


def _square_alt(title: str, values: np.ndarray, text: Text) -> str:
    steps, time, _ = values.shape
    assert text.query is not None and text.key is not None, "a stage is shown of a chosen pair"
    told = f"{title}: heatmap, {time} queries by {time} keys, over {steps} recorded steps."
    last = values[-1]
    ends = extremes(last)
    if ends is None:
        return f"{told} At the last step no number is finite."
    low, high = (f"{last[place]:.4g} ({_cell(text, *place)})" for place in ends)
    return (
        f"{told} At the last step from {low} to {high}; "
        f"{_cell(text, text.query, text.key)}: {_chosen_words(last, text.query, text.key)}."
    )


def _cell(text: Text, query: int, key: int) -> str:
    return f"query '{text.labels[query]}' at {query}, key '{text.labels[key]}' at {key}"


def _chosen_words(last: np.ndarray, query: int, key: int) -> str:
    if np.isfinite(last[query, key]):
        return f"{last[query, key]:.4g}"
    return "masked" if key > query else "not finite"


def _channel_bars(values: np.ndarray, name: str, sign: str, colour: str) -> go.Bar:
    return go.Bar(
        x=np.arange(len(values), dtype=np.float32),
        y=values,
        name=name,
        marker={"color": colour},
        hovertemplate=f"{sign}{name} %{{y:.4~g}}<extra></extra>",
    )


def _pair_alt(title: str, product: np.ndarray) -> str:
    steps, channels = product.shape
    told = (
        f"{title}: bars of query, key and product in {channels} channels of the head, "
        f"over {steps} recorded steps."
    )
    last = product[-1]
    if not np.isfinite(last).all():
        return f"{told} At the last step not every product is finite."
    most = int(np.abs(last).argmax())
    return (
        f"{told} At the last step the products add up to {last.sum(dtype=np.float64):.4g}; "
        f"the largest is {last[most]:.4g}, of channel {most}."
    )
