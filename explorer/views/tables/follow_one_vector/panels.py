"""The pictures of one vector: its components, its map, its way and its neighbours."""

from typing import get_args

from explorer.charts.embeddings.components import components_panel
from explorer.charts.embeddings.maps import map_panel
from explorer.charts.embeddings.marks import Marks
from explorer.charts.embeddings.neighbours import biography_panel, neighbours_words
from explorer.charts.parts.curves import Threshold, curves_panel, with_threshold
from explorer.charts.parts.scales import Scale
from explorer.charts.parts.steps import with_epochs
from explorer.data.tables import NEAR
from explorer.panels import AnyPanel, Frame, Panel, Words
from explorer.views.tables.follow_one_vector import verdicts
from explorer.views.tables.follow_one_vector.choices import Followed
from explorer.visit.moment import Moment
from model_core.embeddings.neighbours import Metric, neighbours
from model_core.embeddings.ways import Way

BESIDE = 6  # neighbours that fit beside the curves


def pictures(moment: Moment, followed: Followed, way: Way) -> list[AnyPanel]:
    """All of them, in the order of reading."""

    def along(panel: Panel) -> Panel:
        return with_epochs(panel, moment.timeline.epochs) if followed.by_epoch else panel

    drawn: list[AnyPanel] = [
        along(_components(moment, followed, way)),
        _map(followed),
        along(_distances(moment, way)),
        along(_turns(moment, way)),
    ]
    if len(followed.rows.labels) > 1:
        near, life = _neighbours(moment, followed)
        drawn += [near, along(life)]
    return drawn


def _components(moment: Moment, followed: Followed, way: Way) -> Panel:
    title = verdicts.of_distance(followed.name, way, moment.steps)
    frame = Frame("components", title, span=7, height=380)
    return components_panel(moment.steps, followed.way, frame)


def _map(followed: Followed) -> Panel:
    """Two channels as they are, with the way of the row."""
    across, up = followed.channels
    rows = followed.rows
    return map_panel(
        followed.vectors[:, :, [across, up]],
        type(rows)(rows.labels, rows.kind, rows.row_ids, chosen=followed.at),
        Frame("channels", f"Channel {across} × channel {up}", span=5, height=380),
        axis_titles=(f"channel {across}", f"channel {up}"),
        marks=Marks(trails=(followed.at,)),
    )


def _distances(moment: Moment, way: Way) -> Panel:
    return curves_panel(
        moment.steps,
        {"path": way.length, "distance": way.distance},
        Frame("way", verdicts.of_length(way), span=4, height=230),
        Scale("L2 norm"),
    )


def _turns(moment: Moment, way: Way) -> Panel:
    panel = curves_panel(
        moment.steps,
        {"turn": way.turn},
        Frame("turn", verdicts.of_turns(way), span=4, height=230),
        Scale("degrees", limits=(0, 180)),
    )
    return with_threshold(panel, Threshold(90, "a right angle"))


def _neighbours(moment: Moment, followed: Followed) -> tuple[Words, Panel]:
    """The nearest rows at each step, and when they were."""
    count = min(NEAR, len(followed.rows.labels) - 1)
    cosine, distance = (
        neighbours(followed.vectors, followed.at, count, metric) for metric in get_args(Metric)
    )
    words = neighbours_words(
        (cosine.ids[:, :BESIDE], cosine.values[:, :BESIDE]),
        (distance.ids[:, :BESIDE], distance.values[:, :BESIDE]),
        followed.rows.labels,
        Frame("neighbours", f"Nearest to {followed.name}, in all channels", span=4, height=230),
    )
    frame = Frame("biography", f"Who was near {followed.name}, and when", span=12)
    return words, biography_panel(distance.ids, moment.steps, followed.rows, frame)
