"""What the dots of a map are coloured by, and its legend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps
from explorer.charts.parts.labels import escape
from model_core.embeddings.token_classes import TokenClass

LABELLED = 200  # rows; the glyphs of more cover each other: then dots, and the glyph on hover
AXES = ("x", "y", "z")
CLASSES = dict(zip(get_args(TokenClass), theme.CATEGORIES, strict=True))


@dataclass(frozen=True)
class Colours:
    """What the dots of a map are coloured by.

    `values`: a category per row (N strings), or a number per row, (N,) or (S, N). `palette` gives
    categories their colours and their order in the legend.
    """

    title: str
    values: Sequence[str] | np.ndarray
    palette: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dots:
    """The soft dots behind the glyphs: their marker, what of it moves, and a legend's traces.

    `named`: their colours are those of categories, or one, so that glyphs can have them instead.
    """

    marker: dict[str, Any]
    named: bool = True
    moving: dict[str, np.ndarray] = field(default_factory=dict)
    legend: Sequence[Any] = ()


def dots(colours: Colours | None, shape: tuple[int, ...]) -> Dots:
    """The dots of a map of points `shape` (S, N, D)."""
    steps, count, axes = shape
    flat, many = axes == 2, count > LABELLED
    size = (8 if many else 22) if flat else (4 if many else 10)
    soft = {"size": size, "opacity": 0.35, "line": {"width": 0}}
    if colours is None:
        return Dots(soft | {"color": theme.CATEGORIES[0]}, named=count <= LABELLED)
    given = np.asarray(colours.values)
    if given.dtype.kind not in "biuf":
        return _categories(colours, soft, count, axes)
    values = gaps(given, "colours", (steps, count) if given.ndim == 2 else (count,))
    low, high = extent(values)
    scale = {
        "color": values[0] if given.ndim == 2 else values,
        "colorscale": theme.ORDERED,
        "cmin": low,
        "cmax": high if high > low else low + 1,
        "colorbar": theme.colour_bar(escape(colours.title)),
        "opacity": 0.45,  # a dark colour must not hide its glyph
    }
    moving = {"0.marker.color": values} if given.ndim == 2 else {}
    return Dots(soft | scale, named=False, moving=moving)


def _categories(colours: Colours, soft: dict[str, Any], count: int, axes: int) -> Dots:
    found = [str(value) for value in colours.values]
    if len(found) != count:
        raise ValueError(f"colours must have one category for each of {count} rows")
    names = [name for name in colours.palette if name in found] or list(dict.fromkeys(found))
    if len(names) > len(theme.CATEGORIES):
        raise ValueError(f"{len(names)} categories, more than {len(theme.CATEGORIES)} colours")
    palette = dict(colours.palette) or dict(zip(names, theme.CATEGORIES, strict=False))
    kind = go.Scatter if axes == 2 else go.Scatter3d
    legend = [
        kind(
            **{axis: [None] for axis in AXES[:axes]},
            mode="markers",
            name=escape(name),
            marker={"color": palette[name], "size": 12 if axes == 2 else 6},
            showlegend=True,
            hoverinfo="skip",
        )
        for name in names
    ]
    marker = soft | {"color": [palette[name] for name in found], "opacity": 0.5}
    return Dots(marker, named=count <= LABELLED, legend=legend)
