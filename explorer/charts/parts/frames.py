"""Frames around what is chosen of a heatmap: a row, a column, a cell; `width` is in pixels."""

import plotly.graph_objects as go

from explorer.charts.parts.theme import CHOSEN

WIDTH = 2.5


def frame_row(figure: go.Figure, row: int, columns: int, width: float = WIDTH) -> None:
    """A frame around one row of a heatmap whose columns are 0 .. columns-1."""
    frame_cells(figure, (0, columns - 1), (row, row), width)


def frame_column(figure: go.Figure, column: int, rows: int, width: float = WIDTH) -> None:
    """A frame around one column of a heatmap whose rows are 0 .. rows-1."""
    frame_cells(figure, (column, column), (0, rows - 1), width)


def frame_cell(figure: go.Figure, row: int, column: int, width: float = WIDTH) -> None:
    """A frame around one cell of a heatmap."""
    frame_cells(figure, (column, column), (row, row), width)


def frame_cells(
    figure: go.Figure, columns: tuple[int, int], rows: tuple[int, int], width: float
) -> None:
    """A frame around the cells from the first to the last of these `columns` and `rows`."""
    figure.add_shape(
        type="rect",
        x0=columns[0] - 0.5,
        x1=columns[1] + 0.5,
        y0=rows[0] - 0.5,
        y1=rows[1] + 0.5,
        line={"color": CHOSEN, "width": width},
    )
