"""Where the rows of a table stand on a map at each step: in two dimensions or three."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extent, gaps, padded
from explorer.charts.parts.labels import escape
from explorer.panels import Panel

LABELLED = 200  # more glyphs than this cover each other; then dots, and the glyph on hover
AXES = ("x", "y", "z")
_BARB = 0.28  # of an arrow's length; half as far aside
_HALF = "\u200b"  # behind a "<" it keeps WebGL's text from reading a tag


@dataclass(frozen=True)
class Colours:
    """What the dots of a map are coloured by.

    `values`: a category a row (N strings), or a number a row, (N,) or (S, N). `palette` gives
    categories their colours and their order in the legend.
    """

    title: str
    values: Sequence[str] | np.ndarray
    palette: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Marks:
    """What is drawn over the rows of a map, by their places among its rows.

    The `chosen` one has a ring, `selected` ones thinner rings; `trails` show ways from the first
    step to the one shown; `arrows` (S, N, D) lead from each row, NaN where there is none.
    """

    chosen: int | None = None
    selected: Sequence[int] = ()
    trails: Sequence[int] = ()
    arrows: np.ndarray | None = None


def map_panel(
    layout: np.ndarray,
    labels: Sequence[str],
    *,
    key: str,
    title: str,
    axis_titles: Sequence[str],
    row_title: Literal["token", "position"] = "token",
    ids: Sequence[int] | None = None,
    colours: Colours | None = None,
    marks: Marks = Marks(),  # noqa: B008  frozen
    lasso: bool = False,
    span: int = 8,
    rows: int = 1,
    height: int = 620,
) -> Panel:
    """Places (S, N, D) of N rows with D = 2 or 3; a Pick is (id,), and ids are 0 .. N-1 by default.

    All axes have the same scale, over all steps. Raises ValueError when shapes do not fit or there
    are more categories than colours.
    """
    places = gaps(layout, "layout", ("S", len(labels), "D"))
    if places.shape[2] not in (2, 3):
        raise ValueError(f"layout must have 2 or 3 axes, got {places.shape[2]}")
    places[np.isnan(places).any(axis=2)] = np.nan  # half a place is none
    drawing = _Drawing(places)
    legend = drawing.add_points(labels, ids, row_title, colours, marks.chosen)
    drawing.add_marks(marks, labels)
    figure = go.Figure([*drawing.traces, *legend], _map_layout(places, axis_titles, bool(legend)))
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving=drawing.moving,
        alt=_alt(title, places, labels, marks.chosen),
        span=span,
        rows=rows,
        height=height,
        pickable=True,
        lasso=lasso and places.shape[2] == 2,
        declutter=places.shape[2] == 2,
        picks=None if ids is None else tuple(int(one) for one in ids),
    )


class _Drawing:
    """The traces of a map of places (S, N, D), and what of them moves."""

    def __init__(self, places: np.ndarray) -> None:
        self._places = places
        self.flat = places.shape[2] == 2
        self.traces: list[Any] = []
        self.moving: dict[str, np.ndarray] = {}

    def add(
        self, ways: np.ndarray, *, moves: bool = True, below: bool = True, **style: Any
    ) -> None:
        """A trace at ways (S, P, D); those `below` the labels let the pointer through."""
        if below:
            style |= {"hoverinfo": "skip", "showlegend": False} | (
                {"zorder": -1} if self.flat else {}
            )
        if self.flat:
            style.setdefault("cliponaxis", False)
        names = AXES[: ways.shape[2]]
        at = {name: ways[0, :, axis] for axis, name in enumerate(names)}
        if moves:
            for axis, name in enumerate(names):
                path = f"{len(self.traces)}.{name}"
                self.moving[path] = np.ascontiguousarray(ways[:, :, axis])
        self.traces.append((go.Scatter if self.flat else go.Scatter3d)(**at, **style))

    def add_points(
        self,
        labels: Sequence[str],
        ids: Sequence[int] | None,
        row_title: str,
        colours: Colours | None,
        chosen: int | None,
    ) -> list[Any]:
        """The rows themselves with their labels; the traces of a legend are given back."""
        steps, count, axes = self._places.shape
        marker, moving, legend = _dots(colours, steps, count, self.flat)
        at = AXES[:axes]
        titles = [f"%{{{axis}axis.title.text}}" if self.flat else axis for axis in at]
        told = [f"{title}: %{{{axis}:.4g}}" for title, axis in zip(titles, at, strict=True)]
        words = [escape(label) for label in labels]
        names: Sequence[int] = range(count) if ids is None else ids
        self.moving |= moving
        self.add(
            self._places,
            below=False,
            mode="markers+text" if count <= LABELLED else "markers",
            text=words if self.flat else [label.replace("<", f"<{_HALF}") for label in labels],
            customdata=[[int(one), word] for one, word in zip(names, words, strict=True)],
            textfont={
                "size": [22 if row == chosen else 15 for row in range(count)],
                "family": theme.GLYPHS,
            },
            marker=marker,
            hovertemplate=f"{row_title} '%{{customdata[1]}}' (id %{{customdata[0]:d}})<br>"
            f"{'<br>'.join(told)}<extra></extra>",
            showlegend=False,
        )
        return legend

    def add_marks(self, marks: Marks, labels: Sequence[str]) -> None:
        if marks.arrows is not None:
            ways = gaps(marks.arrows, "arrows", self._places.shape)
            lines = _arrows(self._places, self._places + ways)
            self.add(lines, mode="lines", line={"color": theme.ARROW, "width": 1.5})
        others = [row for row in marks.trails if row != marks.chosen]
        if others:
            line = {"color": theme.TRAIL, "width": 1.5 if self.flat else 3}
            self.add(_ways(self._places[:, others]), mode="lines", line=line)
        selected = [row for row in marks.selected if row != marks.chosen]
        if selected:
            self.add(
                self._places[:, selected], mode="markers", marker=self._ring(theme.SELECTED, 2)
            )
        if marks.chosen is not None:
            self._add_chosen(marks.chosen, marks.chosen in marks.trails)

    def _ring(self, colour: str, width: int) -> dict[str, Any]:
        if not self.flat:
            return {"size": 16, "color": colour, "symbol": "circle-open"}
        line = {"color": colour, "width": width}
        return {"size": 28, "color": "rgba(0,0,0,0)", "line": line}

    def _add_chosen(self, chosen: int, trail: bool) -> None:
        """A ring, and the way up to the step shown with its start."""
        own = self._places[:, [chosen]]
        self.add(own, mode="markers", marker=self._ring(theme.CHOSEN, 3))
        if not trail:
            return
        self.add(
            _ways(own)[:, :-1],
            mode="lines+markers",
            line={"color": theme.CHOSEN, "width": 2},
            marker={"size": 4 if self.flat else 2, "color": theme.CHOSEN},
            opacity=0.7,
        )
        start = {"size": 9, "symbol": "x-thin", "line": {"color": theme.CHOSEN, "width": 2}}
        self.add(
            own[:1],
            moves=False,
            mode="markers+text",
            text=["start"],
            textposition="bottom center",
            textfont={"size": 12, "color": theme.CHOSEN},
            marker=start if self.flat else {"size": 3, "symbol": "x", "color": theme.CHOSEN},
        )


def _ways(places: np.ndarray) -> np.ndarray:
    """Places (S, R, D) as ways (S, R·(S+1), D): at step s all places up to s, a gap behind each."""
    steps, rows, axes = places.shape
    ways = np.full((steps, rows, steps + 1, axes), np.nan, np.float32)
    past = np.tri(steps, dtype=bool)[:, None, :, None]
    ways[:, :, :steps] = np.where(past, places.transpose(1, 0, 2)[None], np.float32(np.nan))
    return ways.reshape(steps, -1, axes)


def _arrows(places: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Lines from places to heads (S, N, D), each with a head of its own where it is flat."""
    gap = np.full_like(places, np.nan)
    points = [places, heads, gap]
    if places.shape[2] == 2:
        back = places - heads
        aside = back[..., ::-1] * np.array([-1, 1], np.float32) / 2
        points += [heads + _BARB * (back + aside), heads, heads + _BARB * (back - aside), gap]
    lines = np.stack(points, axis=2)
    return lines.reshape(len(places), -1, places.shape[2])


def _dots(
    colours: Colours | None, steps: int, count: int, flat: bool
) -> tuple[dict[str, Any], dict[str, np.ndarray], list[Any]]:
    """The soft dots behind the glyphs: their marker, what of it moves, and a legend's traces."""
    size = (22 if count <= LABELLED else 8) if flat else (10 if count <= LABELLED else 4)
    soft = {"size": size, "opacity": 0.35, "line": {"width": 0}}
    if colours is None:
        return soft | {"color": theme.CATEGORIES[0]}, {}, []
    given = np.asarray(colours.values)
    if given.dtype.kind not in "biuf":
        return _category_dots(colours, soft, count, flat)
    values = gaps(given, "colours", (steps, count) if given.ndim == 2 else (count,))
    low, high = extent(values)
    scale = {
        "color": values[0] if given.ndim == 2 else values,
        "colorscale": theme.SEQUENTIAL,
        "cmin": low,
        "cmax": high if high > low else low + 1,
        "colorbar": theme.colour_bar(escape(colours.title)),
        "opacity": 0.45,  # a dark colour must not hide its glyph
    }
    return soft | scale, {"0.marker.color": values} if given.ndim == 2 else {}, []


def _category_dots(
    colours: Colours, soft: dict[str, Any], count: int, flat: bool
) -> tuple[dict[str, Any], dict[str, np.ndarray], list[Any]]:
    found = [str(value) for value in colours.values]
    if len(found) != count:
        raise ValueError(f"colours must have one category for each of {count} rows")
    names = [name for name in colours.palette if name in found] or list(dict.fromkeys(found))
    if len(names) > len(theme.CATEGORIES):
        raise ValueError(f"{len(names)} categories, more than {len(theme.CATEGORIES)} colours")
    palette = dict(colours.palette) or dict(zip(names, theme.CATEGORIES, strict=False))
    kind = go.Scatter if flat else go.Scatter3d
    nowhere = {axis: [None] for axis in AXES[: 2 if flat else 3]}
    legend = [
        kind(
            **nowhere,
            mode="markers",
            name=escape(name),
            marker={"color": palette[name], "size": 12 if flat else 6},
            showlegend=True,
            hoverinfo="skip",
        )
        for name in names
    ]
    return soft | {"color": [palette[name] for name in found], "opacity": 0.5}, {}, legend


def _map_layout(places: np.ndarray, titles: Sequence[str], legend: bool) -> go.Layout:
    ranges = [padded(*extent(places[:, :, axis])) for axis in range(places.shape[2])]
    axes = [
        {"title": theme.axis_title(escape(name)), "range": list(ends), "nticks": 6}
        for name, ends in zip(titles, ranges, strict=True)
    ]
    margin = theme.MARGIN | {"t": 36 if legend else 8}
    if len(axes) == 2:
        return theme.layout(
            xaxis=axes[0],
            yaxis=axes[1] | {"scaleanchor": "x", "scaleratio": 1},
            showlegend=legend,
            margin=margin,
        )
    scene = {f"{name}axis": _scene_axis(axis) for name, axis in zip(AXES, axes, strict=True)}
    return theme.layout(
        xaxis={},
        yaxis={},
        scene=scene | {"aspectmode": "data"},
        showlegend=legend,
        margin=margin | {"l": 0, "r": 0, "b": 0},
    )


def _scene_axis(axis: dict[str, Any]) -> dict[str, Any]:
    """In space: the title's text alone, and faint walls."""
    return {
        "title": {"text": axis["title"]["text"]},
        "range": axis["range"],
        "nticks": 5,
        "showbackground": False,
        "gridcolor": theme.FAINT,
        "zerolinecolor": theme.FAINT,
    }


def _alt(title: str, places: np.ndarray, labels: Sequence[str], chosen: int | None) -> str:
    steps, count, axes = places.shape
    told = f"{title}: map of {count} tokens over {steps} recorded steps."
    lost = int(np.isnan(places[:, :, 0]).sum())
    if lost == steps * count:
        return f"{told} No place is finite."
    ends = [extent(places[:, :, axis]) for axis in range(axes)]
    names = ("Across", "up", "deep")
    spans = ", ".join(
        f"{name} from {low:.4g} to {high:.4g}"
        for name, (low, high) in zip(names, ends, strict=False)
    )
    told += f" {spans}."
    way = np.linalg.norm(places[-1].astype(float) - places[0], axis=1)
    if np.isfinite(way).any():
        far = int(np.nanargmax(way))
        told += f" From first to last step '{labels[far]}' moved most, by {way[far]:.4g}."
    if chosen is not None:
        told += f" '{labels[chosen]}' is chosen."
    if count > LABELLED:
        told += f" More than {LABELLED} tokens: dots without glyphs."
    return told + (f" {lost:,} places are not finite." if lost else "")
