"""What the model expects next: its best candidates, before and after a change, and by depth."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.charts.parts import theme
from explorer.charts.parts.arrays import extremes, gaps
from explorer.charts.parts.frames import frame_column
from explorer.charts.parts.labels import (
    column_ticks,
    columns,
    escape,
    fitted,
    row_ticks,
    with_positions,
)
from explorer.panels import Panel

LABEL = 8  # columns of text at most for a token in the table of depths
HOVER = "%{customdata}: %{x:.4~g} = %{x:.1%}"


def next_panel(
    probabilities: np.ndarray,
    labels: Sequence[str],
    *,
    true: int | None,
    key: str,
    title: str,
    shown: int = 10,
    span: int = 4,
    height: int | None = None,
) -> Panel:
    """Probabilities (S, V) of the next token: bars of the `shown` highest at any step.

    The id `true` is the token that did follow; it is always among the bars. They keep their
    places, by the probability at the last step, and the title tells how many are left out.
    Raises ValueError when shapes do not fit.
    """
    _check_true(true, labels)
    given = gaps(probabilities, "probabilities", ("S", len(labels)))
    ids = _candidates(_known(given).max(0), true, shown)
    ids = ids[np.argsort(-_known(given[-1, ids]), kind="stable")]
    bars = np.ascontiguousarray(given[:, ids])  # (S, bars)
    height = height or theme.height_for(len(ids))
    colours = [theme.CATEGORIES[int(one == true)] for one in ids]
    figure = go.Figure(
        _bars(bars[0], ids, labels).update(marker={"color": colours}),
        _candidate_layout(ids, labels, true, height),
    )
    return Panel(
        key=key,
        title=_told_of(title, len(ids), len(labels)),
        figure=figure,
        moving={"0.x": bars},
        alt=f"{title}: bars of the probability of {len(ids)} of {len(labels)} next tokens, over "
        f"{len(given)} recorded steps. At the last step {_best(given[-1], labels)}"
        f"{_true_words(given[-1], labels, true)}.",
        span=span,
        height=height,
    )


def before_after_panel(
    before: np.ndarray,
    after: np.ndarray,
    labels: Sequence[str],
    *,
    true: int | None,
    key: str,
    title: str,
    shown: int = 8,
    span: int = 4,
    height: int | None = None,
) -> Panel:
    """Probabilities (V,) of the next token before and after a change, two bars a token.

    Shown are the `shown` tokens that are highest in either, and `true`, the one that did follow;
    by the probability before. Nothing moves with the step. ValueError when shapes do not fit.
    """
    _check_true(true, labels)
    first = gaps(before, "before", (len(labels),))
    second = gaps(after, "after", (len(labels),))
    ids = _candidates(np.maximum(_known(first), _known(second)), true, shown)
    ids = ids[np.argsort(-_known(first[ids]), kind="stable")]
    height = height or theme.height_for(2 * len(ids))
    traces = [
        _bars(values[ids], ids, labels, name).update(name=name, marker={"color": colour})
        for name, values, colour in (
            ("before", first, theme.CATEGORIES[0]),
            ("after", second, theme.CATEGORIES[1]),
        )
    ]
    layout = _candidate_layout(ids, labels, true, height)
    layout.update(showlegend=True, margin=theme.MARGIN | {"t": 32})
    return Panel(
        key=key,
        title=_told_of(title, len(ids), len(labels)),
        figure=go.Figure(traces, layout),
        alt=f"{title}: bars of the probability of {len(ids)} of {len(labels)} next tokens. "
        f"Before, {_best(first, labels)}{_true_words(first, labels, true)}. "
        f"After, {_best(second, labels)}{_true_words(second, labels, true)}.",
        span=span,
        height=height,
    )


def lens_panel(
    probabilities: np.ndarray,
    names: Sequence[str],
    labels: Sequence[str],
    *,
    position: int,
    key: str,
    title: str,
    span: int = 6,
    height: int | None = None,
) -> Panel:
    """Probability (S, K, T) of the true next token at K depths, read through ln_f and lm_head.

    Rows are depths from the embedding down to the model's output, columns positions of the text;
    the last column is blank, as what follows it is not known. Column `position` is framed; a Pick
    is (depth, position). Logit lens: nostalgebraist 2020. ValueError when shapes do not fit.
    """
    if not 0 <= position < len(labels):
        raise ValueError(f"position must be in [0, {len(labels)}), got {position}")
    read = gaps(probabilities, "probabilities", ("S", len(names), len(labels)))
    read[:, :, -1] = np.nan
    height = height or theme.height_for(len(names))
    words = [escape(label) for label in labels]
    figure = go.Figure(
        go.Heatmap(
            z=read[0],
            text=[
                [f"{escape(name)}, at '{word}' {place}" for place, word in enumerate(words)]
                for name in names
            ],
            customdata=[[*words[1:], ""]] * len(names),
            hovertemplate="%{text}: %{z:.4~g} for the true next '%{customdata}'<extra></extra>",
            hoverongaps=False,
            colorscale=theme.SEQUENTIAL,
            zmin=0.0,
            zmax=1.0,
            colorbar=theme.colour_bar("probability"),
        ),
        theme.layout(
            xaxis={
                "title": theme.axis_title("position that predicts the next"),
                "range": [-0.5, len(labels) - 0.5],
                "tickfont": {"size": 12, "family": theme.GLYPHS},
                **column_ticks(with_positions(labels), theme.plot_width(span), position),
            },
            yaxis={
                "title": theme.axis_title("depth"),
                "range": [len(names) - 0.5, -0.5],
                **row_ticks(names, theme.plot_height(height)),
            },
        ),
    )
    frame_column(figure, position, len(names))
    return Panel(
        key=key,
        title=title,
        figure=figure,
        moving={"0.z": read},
        alt=_lens_alt(title, read, names, labels),
        span=span,
        height=height,
        pickable=True,
    )


def lens_words(
    ids: np.ndarray,
    probabilities: np.ndarray,
    names: Sequence[str],
    labels_of_ids: Sequence[str],
) -> list[str]:
    """The N best next tokens (S, K, N) of each of K depths: one text a step, one line a depth.

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


def _check_true(true: int | None, labels: Sequence[str]) -> None:
    if true is not None and not 0 <= true < len(labels):
        raise ValueError(f"true must be an id in [0, {len(labels)}), got {true}")


def _known(probabilities: np.ndarray) -> np.ndarray:
    """What has no number comes last."""
    return np.nan_to_num(probabilities, nan=-1.0)


def _candidates(highest: np.ndarray, true: int | None, shown: int) -> np.ndarray:
    """Ids of the `shown` highest of (V,), and `true` besides where it is not among them."""
    ids = np.argsort(-highest, kind="stable")[:shown]
    return ids if true is None or true in ids else np.append(ids, true)


def _bars(values: np.ndarray, ids: np.ndarray, labels: Sequence[str], when: str = "") -> go.Bar:
    told = f", {when}" if when else ""
    return go.Bar(
        x=values,
        y=np.arange(len(ids), dtype=np.float32),
        orientation="h",
        customdata=[f"'{escape(labels[one])}' (id {one}){told}" for one in ids],
        hovertemplate=f"{HOVER}<extra></extra>",
    )


def _candidate_layout(
    ids: np.ndarray, labels: Sequence[str], true: int | None, height: int
) -> go.Layout:
    """One row a candidate from the top; the label of the true one is bold and says so."""
    names = [labels[one] + (" (true next)" if one == true else "") for one in ids]
    at = None if true is None else ids.tolist().index(true)
    return theme.layout(
        xaxis={"title": theme.axis_title("probability"), "range": [0, 1], "showgrid": True},
        yaxis={
            "title": theme.axis_title("next token"),
            "range": [len(ids) - 0.5, -0.5],
            "tickfont": {"size": 12, "family": theme.GLYPHS},
            **row_ticks(names, theme.plot_height(height), at),
        },
        bargap=0.25,
    )


def _told_of(title: str, shown: int, all_of_them: int) -> str:
    return title if shown == all_of_them else f"{title} (showing {shown} of {all_of_them})"


def _best(probabilities: np.ndarray, labels: Sequence[str]) -> str:
    ends = extremes(probabilities)
    if ends is None:
        return "no probability is finite"
    (best,) = ends[1]
    return f"'{labels[best]}' is the most probable, {probabilities[best]:.4g}"


def _true_words(probabilities: np.ndarray, labels: Sequence[str], true: int | None) -> str:
    if true is None or not np.isfinite(probabilities[true]):
        return ""
    return f"; the true next '{labels[true]}' has {probabilities[true]:.4g}"


def _lens_alt(title: str, read: np.ndarray, names: Sequence[str], labels: Sequence[str]) -> str:
    told = (
        f"{title}: heatmap, {len(names)} depths by {len(labels)} positions, over {len(read)} "
        "recorded steps."
    )
    finite = [row[np.isfinite(row)] for row in read[-1]]
    means = [
        f"{name} {row.mean():.4g}" for name, row in zip(names, finite, strict=True) if len(row)
    ]
    if not means:
        return f"{told} At the last step no probability is finite."
    return f"{told} At the last step the mean over positions is: {', '.join(means)}."


def _quoted(label: str, room: int) -> str:
    """The label in quotes, in room for a label of `room` columns: cut inside its quotes."""
    cut = label if columns(label) <= room else fitted(label, room).rstrip(" ")
    return fitted(f"'{cut}'", room + 2)


def _written(probability: float) -> str:
    return f"{probability:.3f}" if np.isfinite(probability) else "    –"
