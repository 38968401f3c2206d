"""What the model expects next: its best candidates, and before and after a change."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.alt import between
from explorer.charts.parts.arrays import gaps
from explorer.charts.parts.labels import in_lines, row_ticks
from explorer.panels import Frame, Panel


def next_panel(
    probabilities: np.ndarray,
    labels: Sequence[str],
    frame: Frame,
    *,
    true: int | None,
    shown: int = 10,
) -> Panel:
    """Probabilities (S, V) of the next token: bars of the `shown` highest at any step.

    Bars are in the order of the last step; the true next token, id `true`, is always one of them.
    The title says how many tokens are left out. Raises ValueError when shapes do not fit.
    """
    _check_true(true, labels)
    given = gaps(probabilities, "probabilities", ("S", len(labels)))
    ids = _candidates(_known(given).max(0), true, shown)
    ids = ids[np.argsort(-_known(given[-1, ids]), kind="stable")]
    bars = np.ascontiguousarray(given[:, ids])  # (S, bars)
    colours = [theme.CATEGORIES[int(one == true)] for one in ids]
    trace = _bars(bars[0], ids, labels).update(marker={"color": colours})
    frame = frame.at_height(theme.height_for(len(ids)))
    return Panel(
        _counted(frame, ids, labels),
        go.Figure(trace, _layout(ids, labels, true, frame.height)),
        moving={"0.x": bars},
        alt=f"{_opening(frame.title, ids, labels)}, over {len(given)} recorded steps. "
        f"At the last step {_best(given[-1], labels, true)}.",
    )


def before_after_panel(
    probabilities: Mapping[str, np.ndarray],
    labels: Sequence[str],
    frame: Frame,
    *,
    true: int | None,
    shown: int = 8,
) -> Panel:
    """Probabilities (V,) of the next token before a change and after it, two bars a token.

    By the names of the two. Of the `shown` tokens that are highest in either and the true next
    token, id `true`, in the order of the first. Nothing moves with the step. ValueError when
    shapes do not fit.
    """
    _check_true(true, labels)
    given = {name: gaps(values, name, (len(labels),)) for name, values in probabilities.items()}
    before, after = given.values()
    ids = _candidates(np.maximum(_known(before), _known(after)), true, shown)
    ids = ids[np.argsort(-_known(before[ids]), kind="stable")]
    traces = [
        _bars(values[ids], ids, labels, name).update(name=name, marker={"color": colour})
        for (name, values), colour in zip(given.items(), theme.CATEGORIES, strict=False)
    ]
    frame = frame.at_height(theme.height_for(2 * len(ids)))
    return Panel(
        _counted(frame, ids, labels),
        go.Figure(traces, _layout(ids, labels, true, frame.height, legend=True)),
        alt=f"{_opening(frame.title, ids, labels)}."
        + "".join(
            f" {name.capitalize()}: {_best(values, labels, true)}."
            for name, values in given.items()
        ),
    )


def _check_true(true: int | None, labels: Sequence[str]) -> None:
    if true is not None and not 0 <= true < len(labels):
        raise ValueError(f"true must be an id in [0, {len(labels)}), got {true}")


def _known(probabilities: np.ndarray) -> np.ndarray:
    """Probabilities that are not finite come last."""
    return np.nan_to_num(probabilities, nan=-1.0)


def _candidates(highest: np.ndarray, true: int | None, shown: int) -> np.ndarray:
    """Ids of the `shown` highest of (V,), and `true` if it is not among them."""
    ids = np.argsort(-highest, kind="stable")[:shown]
    return ids if true is None or true in ids else np.append(ids, true)


def _bars(values: np.ndarray, ids: np.ndarray, labels: Sequence[str], when: str = "") -> go.Bar:
    suffix = f", {when}" if when else ""
    return go.Bar(
        x=values,
        y=np.arange(len(ids), dtype=np.float32),
        orientation="h",
        customdata=[f"'{in_lines(labels[one])}' (id {one}){suffix}" for one in ids],
        hovertemplate="%{customdata}: %{x:.4~g} = %{x:.1%}<extra></extra>",
    )


def _layout(
    ids: np.ndarray, labels: Sequence[str], true: int | None, height: int, *, legend: bool = False
) -> go.Layout:
    """One row per candidate, the best on top; the label of the true one is bold and says so."""
    names = [labels[one] + (" (true next)" if one == true else "") for one in ids]
    at = None if true is None else ids.tolist().index(true)
    ticks = row_ticks(names, theme.plot_height(height), at)
    return theme.layout(
        xaxis={"title": theme.axis_title("probability"), "range": [0, 1], "showgrid": True},
        yaxis=theme.TOKENS | theme.cell_axis("next token", len(ids), ticks, down=True),
        bargap=0.25,
        legend=legend,
    )


def _counted(frame: Frame, ids: np.ndarray, labels: Sequence[str]) -> Frame:
    if len(ids) == len(labels):
        return frame
    return replace(frame, title=f"{frame.title} (showing {len(ids)} of {len(labels)})")


def _opening(title: str, ids: np.ndarray, labels: Sequence[str]) -> str:
    return f"{title}: bars of the probability of {len(ids)} of {len(labels)} next tokens"


def _best(probabilities: np.ndarray, labels: Sequence[str], true: int | None) -> str:
    """The most probable token and the true one."""
    best = between(
        probabilities, "'{high}' is the most probable, {highest:.4g}", labels.__getitem__
    )
    if true is not None and np.isfinite(probabilities[true]):
        best += f"; the true next '{labels[true]}' has {probabilities[true]:.4g}"
    return best or "no probability is finite"
