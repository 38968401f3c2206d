"""A map of tokens whose marks are the tokens themselves, for a page without Plotly."""

from collections.abc import Sequence

import numpy as np

from explorer.charts.embeddings.colours import CLASSES
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import gaps
from explorer.charts.parts.rows import Rows
from explorer.panels import Frame, Letters
from explorer.picks import Tokens
from model_core.embeddings.token_classes import TokenClass


def letters_panel(
    points: np.ndarray, rows: Rows, classes: Sequence[TokenClass], frame: Frame
) -> Letters:
    """Points (S, N, 2) of N tokens, in the colours of their classes; ValueError unless all fit."""
    given = gaps(points, "points", ("S", len(rows.labels), 2))
    given[np.isnan(given).any(axis=2)] = np.nan  # a point without one coordinate has none
    moved = np.linalg.norm(given[-1].astype(float) - given[0], axis=1)
    alt = f"{frame.title}: map of {len(rows.labels)} tokens over {len(given)} recorded steps."
    alt += between(
        moved,
        " From first to last step '{high}' moved most, by {highest:.4g}.",
        rows.labels.__getitem__,
    )
    return Letters(
        frame,
        rows.labels,
        given,
        [CLASSES[one] for one in classes],
        Tokens(tuple(int(one) for one in rows.ids)),
        rows.chosen,
        alt,
    )
