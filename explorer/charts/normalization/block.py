"""A batch as a block of numbers: sentences as sheets side by side, pooled values highlighted."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import bound, extent, gaps
from explorer.charts.parts.frames import WIDTH, frame_cell, frame_cells
from explorer.charts.parts.labels import count_ticks, escape, row_ticks, with_positions
from explorer.panels import Frame, Panel
from explorer.picks import Cells

DIM = 0.25  # opacity of values that are not pooled
NAMED = 2**17  # cells: the hover texts of more would be larger than the numbers
ABOVE = 28  # pixels for the sheets' names


def block_panel(
    values: np.ndarray,
    shared: np.ndarray,
    cell: tuple[int, int, int],
    sentences: Mapping[str, Sequence[str]],
    frame: Frame,
) -> Panel:
    """Values (S, B, T, C) of B named sentences with T labels each, one sheet (T, C) a sentence.

    Those that `shared` (B, T, C) marks are drawn in full and framed, the others dimmed; `cell`,
    (sentence, position, channel), has a frame of its own. One scale for all steps, centred on zero;
    grey is what is not finite.
    Raises ValueError when shapes do not fit.
    """
    sheets, time = len(sentences), len(next(iter(sentences.values())))
    block = gaps(values, "values", ("S", sheets, time, "C"))
    channels = block.shape[3]
    if shared.shape != block.shape[1:]:
        raise ValueError(f"shared must have shape {block.shape[1:]}, got {shared.shape}")
    frame = frame.at_height(theme.height_for(time, least=320, most=560))
    figure = go.Figure(layout=_layout(sentences, channels, cell[1], frame))
    colours = _colours(bound(block))
    moving = {"0.z": _side_by_side(block)}
    figure.add_heatmap(
        z=moving["0.z"][0], opacity=DIM, showscale=False, **_words(sentences, channels), **colours
    )
    across = theme.plot_width(frame.span) / (sheets * _pitch(channels))  # pixels of a cell
    width = min(WIDTH, max(across / 4, 1.0))  # a thick line would hide small cells
    moving |= _add_shared(figure, block, shared, width, colours)
    frame_cell(figure, cell[1], cell[0] * _pitch(channels) + cell[2], 1.6 * width)
    figure.update_traces(showscale=True, colorbar=theme.colour_bar("value"), selector=1)
    moving |= _add_lost(figure, block)
    return Panel(
        frame,
        figure,
        moving=moving,
        alt=_alt(frame.title, block, shared, cell, sentences),
        picks=Cells(sheets, time, channels, _pitch(channels)),
    )


def _gap(channels: int) -> int:
    return max(channels // 8, 1)


def _pitch(channels: int) -> int:
    """Columns from one sheet to the next."""
    return channels + _gap(channels)


def _layout(
    sentences: Mapping[str, Sequence[str]], channels: int, position: int, frame: Frame
) -> go.Layout:
    """The axes of all sheets, their names above them."""
    labels = with_positions(next(iter(sentences.values())))
    columns = len(sentences) * _pitch(channels) - _gap(channels)
    across = _channel_ticks(len(sentences), channels, theme.plot_width(frame.span))
    down = row_ticks(labels, theme.plot_height(frame.height) - ABOVE, position)
    title = "position, with your sentence's token"
    return theme.layout(
        xaxis=theme.cell_axis("channel", columns, across),
        yaxis=theme.TOKENS | theme.cell_axis(title, len(labels), down, down=True),
        annotations=[_name(name, sheet, channels) for sheet, name in enumerate(sentences)],
        margin=theme.MARGIN | {"t": theme.MARGIN["t"] + ABOVE},
    )


def _add_shared(
    figure: go.Figure, block: np.ndarray, shared: np.ndarray, width: float, colours: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Draw the pooled values in full over the dimmed ones, framed; return what of them moves."""
    moving = {}
    for number, (sheet, rows, columns) in enumerate(_pieces(shared), start=1):
        piece = moving[f"{number}.z"] = np.ascontiguousarray(block[:, sheet, rows, columns])
        left = sheet * _pitch(block.shape[3]) + columns.start
        figure.add_heatmap(
            z=piece[0],
            x0=left,
            dx=1,
            y0=rows.start,
            dy=1,
            hoverinfo="skip",  # the pointer reads the whole block below
            showscale=False,
            **colours,
        )
        last = left + piece.shape[2] - 1
        frame_cells(figure, (left, last), (rows.start, rows.stop - 1), width)
    return moving


def _add_lost(figure: go.Figure, block: np.ndarray) -> dict[str, np.ndarray]:
    """Draw what is not finite, at any step, in a grey that no number has."""
    lost = np.where(np.isnan(block), np.float32(1), np.float32(np.nan))
    if np.isnan(lost).all():
        return {}
    z = _side_by_side(lost)
    figure.add_heatmap(
        z=z[0],
        zmin=0,
        zmax=1,
        colorscale=[[0, theme.CATEGORIES[-1]], [1, theme.CATEGORIES[-1]]],
        showscale=False,
        hoverinfo="skip",
    )
    return {f"{len(figure.data) - 1}.z": z}


def _side_by_side(block: np.ndarray) -> np.ndarray:
    """(S, B, T, C) -> (S, T, B·pitch): sheets with columns of NaN after each."""
    S, B, T, C = block.shape
    wide = np.full((S, T, B, _pitch(C)), np.nan, np.float32)
    wide[..., :C] = block.swapaxes(1, 2)
    return wide.reshape(S, T, -1)


def _pieces(shared: np.ndarray) -> list[tuple[int, slice, slice]]:
    """The pooled rectangle of each sheet (T, C): (sentence, rows, columns)."""
    found = []
    for sentence, sheet in enumerate(shared):
        if sheet.any():
            rows, columns = (np.flatnonzero(sheet.any(axis)) for axis in (1, 0))
            part = (
                slice(int(rows[0]), int(rows[-1]) + 1),
                slice(int(columns[0]), int(columns[-1]) + 1),
            )
            assert sheet[part].all(), "the pooled values of a sheet form a rectangle"
            found.append((sentence, *part))
    return found


def _colours(end: float) -> dict[str, Any]:
    return {"colorscale": theme.DIVERGING, "zmin": -end, "zmax": end, "hoverongaps": False}


def _words(sentences: Mapping[str, Sequence[str]], channels: int) -> dict[str, Any]:
    """The hover text of a cell; in a very large block without its token."""
    rows, pitch = list(zip(*sentences.values(), strict=True)), _pitch(channels)
    row = np.indices((len(sentences), pitch), np.uint16).reshape(2, -1).T  # (B·pitch, 2)
    where = "sentence %{customdata[0]}, channel %{customdata[1]}<br>"
    words: dict[str, Any] = {"customdata": np.repeat(row[None], len(rows), axis=0)}
    if len(rows) * len(sentences) * channels > NAMED:
        return words | {"hovertemplate": where + "position %{y:d}: %{z:.4g}<extra></extra>"}
    tokens = [[token for token in map(escape, row) for _ in range(pitch)] for row in rows]
    return words | {
        "text": tokens,
        "hovertemplate": where + "'%{text}' at %{y:d}: %{z:.4g}<extra></extra>",
    }


def _channel_ticks(sheets: int, channels: int, pixels: float) -> dict[str, Any]:
    one = count_ticks(channels, pixels / sheets)
    starts = [sheet * _pitch(channels) for sheet in range(sheets)]
    return one | {
        "tickvals": [start + tick for start in starts for tick in one["tickvals"]],
        "ticktext": one["ticktext"] * sheets,
    }


def _name(name: str, sheet: int, channels: int) -> dict[str, Any]:
    """A sheet's name above it."""
    return {
        "text": escape(name),
        "x": sheet * _pitch(channels) + (channels - 1) / 2,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
    }


def _alt(
    title: str,
    block: np.ndarray,
    shared: np.ndarray,
    cell: tuple[int, int, int],
    sentences: Mapping[str, Sequence[str]],
) -> str:
    steps, B, T, C = block.shape
    (name, labels), number = list(sentences.items())[cell[0]], block[(-1, *cell)]
    words = (
        f"{title}: {B} sheets of {T} tokens by {C} channels, {steps} recorded steps. Pooled: "
        f"{shared.sum():,} numbers, with '{labels[cell[1]]}' at {cell[1]}, channel {cell[2]} "
        f"of {name}."
    )
    if np.isnan(number):
        return f"{words} At the last step that is not finite."
    low, high = extent(block[-1][shared])
    return (
        f"{words} At the last step that is {number:.4g}, and all of them from {low:.4g} to "
        f"{high:.4g}."
    )
