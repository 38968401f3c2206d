"""A loss before and after a change."""

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.panels import Frame, Panel


def losses_panel(before: float, after: float, guessing: float, frame: Frame) -> Panel:
    """Two bars in nats per token, and a dashed line at the loss of guessing. Nothing moves."""
    bars = gaps(np.array([before, after]), "losses", (2,))
    top = padded(0.0, extent(np.append(bars, np.float32(guessing)))[1], share=0.2)[1]
    ticks = {"tickmode": "array", "tickvals": [0, 1], "ticktext": ["before", "after"]}
    figure = go.Figure(
        go.Bar(
            x=np.arange(2, dtype=np.float32),
            y=bars,
            marker={"color": list(theme.CATEGORIES[:2])},
            texttemplate="%{y:.3g}",
            textposition="auto",
            textfont={"size": 16},
            hovertemplate="%{y:.4f} nats per token<extra></extra>",
        ),
        theme.layout(
            xaxis=theme.cell_axis("the change", 2, ticks),
            yaxis=theme.value_axis("validation loss, nats per token", (0, top)),
            bargap=0.4,
        ),
    )
    label = {"text": f"guessing: {guessing:.2f}", "textposition": "start", "font": {"size": 12}}
    line = {"color": theme.CURSOR, "width": 1.5, "dash": "dash"}
    figure.add_shape(theme.level_line(guessing, line=line, label=label))
    known = np.isfinite(bars)
    words = [
        f"{value:.4g}" if one else "not finite" for value, one in zip(bars, known, strict=True)
    ]
    return Panel(
        frame.at_height(300),
        figure,
        alt=f"{frame.title}: bars of the validation loss, before {words[0]}, after {words[1]} nats "
        f"per token; guessing costs {guessing:.3g}.",
    )
