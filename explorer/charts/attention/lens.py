"""What the model expects next at each depth: the logit lens (nostalgebraist 2020)."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import gaps
from explorer.charts.parts.frames import frame_column
from explorer.charts.parts.labels import (
    column_ticks,
    columns,
    escape,
    fitted,
    in_lines,
    row_ticks,
    shortened,
    with_positions,
)
from explorer.panels import Frame, Panel
from explorer.picks import Positions

LABEL = 8  # columns of text at most for a token in the table of depths


def lens_panel(
    probabilities: np.ndarray,
    names: Sequence[str],
    labels: Sequence[str],
    frame: Frame,
    *,
    position: int,
) -> Panel:
    """Probability (S, K, T) of the true next token at K depths, read through ln_f and lm_head.

    Rows are depths from the embedding down to the model's output, columns positions of the text;
    the last column is blank, as the token after it is unknown. Column `position` is framed.
    ValueError when shapes do not fit.
    """
    if not 0 <= position < len(labels):
        raise ValueError(f"position must be in [0, {len(labels)}), got {position}")
    read = gaps(probabilities, "probabilities", ("S", len(names), len(labels)))
    read[:, :, -1] = np.nan
    frame = frame.at_height(theme.height_for(len(names)))
    across = column_ticks(with_positions(labels), theme.plot_width(frame.span), position)
    down = row_ticks(names, theme.plot_height(frame.height))
    figure = go.Figure(
        _cells(read[0], names, labels),
        theme.layout(
            xaxis=theme.TOKENS
            | theme.cell_axis("position that predicts the next", len(labels), across),
            yaxis=theme.cell_axis("depth", len(names), down, down=True),
        ),
    )
    frame_column(figure, position, len(names))
    return Panel(
        frame,
        figure,
        moving={"0.z": read},
        alt=_alt(frame.title, read, names, labels),
        picks=Positions(len(labels), by_column=True),
    )


def _cells(values: np.ndarray, names: Sequence[str], labels: Sequence[str]) -> go.Heatmap:
    words = [in_lines(label) for label in labels]
    return go.Heatmap(
        z=values,
        text=[
            [f"{escape(name)}, at '{word}' {position}" for position, word in enumerate(words)]
            for name in names
        ],
        customdata=[[*words[1:], ""]] * len(names),
        hovertemplate="%{text}: %{z:.4~g} for the true next '%{customdata}'<extra></extra>",
        hoverongaps=False,
        colorscale=theme.SEQUENTIAL,
        zmin=0.0,
        zmax=1.0,
        colorbar=theme.colour_bar("probability"),
    )


def lens_words(
    ids: np.ndarray, probabilities: np.ndarray, names: Sequence[str], labels_of_ids: Sequence[str]
) -> list[str]:
    """The N best next tokens (S, K, N) of each of K depths: a text per step, a line per depth.

    `labels_of_ids` (V,) are the labels of all ids. Numbers keep their columns over all steps.
    Raises ValueError when shapes do not fit.
    """
    given = gaps(probabilities, "probabilities", ("S", len(names), "N"))
    if np.shape(ids) != given.shape:
        raise ValueError(f"ids {np.shape(ids)} do not fit probabilities {given.shape}")
    labels = {token: labels_of_ids[token] for token in np.unique(ids).tolist()}
    room = min(LABEL, max(map(columns, labels.values())))
    quoted = {token: _quoted(label, room) for token, label in labels.items()}
    depth = max(map(columns, names))
    cells = [
        [
            "  ".join(f"{quoted[one]} {_written(share)}" for one, share in zip(*line, strict=True))
            for line in zip(*step, strict=True)
        ]
        for step in zip(np.asarray(ids).tolist(), given.tolist(), strict=True)
    ]
    return [
        "\n".join(f"{fitted(name, depth)}  {line}" for name, line in zip(names, step, strict=True))
        for step in cells
    ]


def _alt(title: str, read: np.ndarray, names: Sequence[str], labels: Sequence[str]) -> str:
    opening = (
        f"{title}: heatmap, {len(names)} depths by {len(labels)} positions, over {len(read)} "
        "recorded steps."
    )
    finite = [row[np.isfinite(row)] for row in read[-1]]
    means = [
        f"{name} {row.mean():.4g}" for name, row in zip(names, finite, strict=True) if len(row)
    ]
    if not means:
        return f"{opening} At the last step no probability is finite."
    return f"{opening} At the last step the mean over positions is: {', '.join(means)}."


def _quoted(label: str, room: int) -> str:
    """The label in quotes, in room for a label of `room` columns: cut inside its quotes."""
    return fitted(f"'{shortened(label, room)}'", room + 2)


def _written(probability: float) -> str:
    return f"{probability:.3f}" if np.isfinite(probability) else "    –"
