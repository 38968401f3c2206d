"""The dot product of one query and one key, channel by channel."""

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import LARGEST, bound, gaps
from explorer.charts.parts.labels import count_ticks
from explorer.panels import Frame, Panel


def pair_panel(queries: np.ndarray, keys: np.ndarray, frame: Frame) -> Panel:
    """Query and key vector (S, D) of one pair and their product, channel by channel.

    The products of all D = head_size channels add up to query · key. One scale for all bars and
    steps, centred on zero. Raises ValueError when shapes do not fit.
    """
    query_vector = gaps(queries, "queries", ("S", "D"))
    key_vector = gaps(keys, "keys", query_vector.shape)
    with np.errstate(over="ignore"):
        product = gaps(query_vector * key_vector, "products", query_vector.shape)
    series = {"query": query_vector, "× key": key_vector, "= product": product}
    bars = [
        go.Bar(
            x=np.arange(len(values[0]), dtype=np.float32),
            y=values[0],
            name=name.split()[-1],
            marker={"color": colour},
            hovertemplate=f"{name} %{{y:.4~g}}<extra></extra>",
        )
        for (name, values), colour in zip(series.items(), theme.CATEGORIES, strict=False)
    ]
    top = min(1.05 * max(bound(values) for values in series.values()), LARGEST)
    return Panel(
        frame.at_height(300),
        go.Figure(bars, _layout(product.shape[1], top, frame.span)),
        moving={f"{i}.y": values for i, values in enumerate(series.values())},
        alt=_alt(frame.title, product),
    )


def _layout(channels: int, top: float, span: int) -> go.Layout:
    ticks = count_ticks(channels, theme.plot_width(span) + 64)
    return theme.layout(
        xaxis=theme.cell_axis("channel of the head", channels, ticks)
        | {"showspikes": False, "unifiedhovertitle": {"text": "channel %{x:d}"}},
        yaxis=theme.value_axis("value", (-top, top)),
        hovermode="x unified",
        bargap=0.25,
        legend=True,
    )


def _alt(title: str, product: np.ndarray) -> str:
    steps, channels = product.shape
    opening = (
        f"{title}: bars of query, key and product in {channels} channels of the head, "
        f"over {steps} recorded steps."
    )
    last = product[-1]
    if not np.isfinite(last).all():
        return f"{opening} At the last step not every product is finite."
    most = int(np.abs(last).argmax())
    return (
        f"{opening} At the last step the products add up to {last.sum(dtype=np.float64):.4g}; "
        f"the largest is {last[most]:.4g}, of channel {most}."
    )
