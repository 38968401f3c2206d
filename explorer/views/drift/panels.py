"""What the Drift page draws: the map, its trust, neighbours, and distances from the start."""

from dataclasses import replace

import numpy as np

from explorer.charts.embeddings.drift import drift_panel
from explorer.charts.embeddings.maps import map_panel
from explorer.charts.embeddings.marks import Marks
from explorer.charts.embeddings.neighbours import biography_panel, neighbours_words
from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.labels import shortened
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel, Words
from explorer.views.drift.maps import Atlas, Rows
from explorer.visit.moment import Moment
from explorer.visit.trust import trust_words
from model_core.embeddings.neighbours import Neighbours, neighbours

BESIDE = 6  # neighbours that fit beside the map


def map_of_rows(moment: Moment, rows: Rows, atlas: Atlas, marks: Marks, *, flat: bool) -> Panel:
    """The map; on one of tokens in the plane a lasso selects them."""
    drawn = rows.drawn(moment)
    panel = map_panel(
        atlas.places,
        drawn,
        Frame(
            "map" if drawn.kind == "token" else "position-map",
            f"{drawn.kind.capitalize()} map ({atlas.name})",
            span=8,
            height=470,
            rows=2,
            notes=trust_words(atlas.trust, atlas.chance, moment.steps),
        ),
        axis_titles=atlas.axis_titles,
        marks=marks,
    )
    return replace(panel, lasso=drawn.kind == "token" and flat)


def neighbourhood(
    moment: Moment, rows: Rows, focus: int, distance: Neighbours
) -> tuple[Words, Panel]:
    """The nearest at each step, `distance` in order of that, and when they were."""
    cosine = neighbours(rows.vectors, focus, distance.ids.shape[1], "cosine")
    name = f"{rows.table[:-1]} '{shortened(rows.labels[focus])}'"
    asked = rows.chosen(moment) is not None or rows.selected(moment)
    why = "" if asked else " (its neighbours changed most)"
    words = neighbours_words(
        (cosine.ids[:, :BESIDE], cosine.values[:, :BESIDE]),
        (distance.ids[:, :BESIDE], distance.values[:, :BESIDE]),
        rows.labels,
        Frame("neighbours", f"Nearest to {name}, in all channels{why}", span=4, height=192),
    )
    life = biography_panel(
        distance.ids,
        moment.steps,
        rows.drawn(moment),
        Frame("biography", f"Who was near {name}, and when", height=380),
    )
    return words, life


def trust(moment: Moment, atlas: Atlas) -> Panel:
    shares = {"trustworthiness": atlas.trust, "neighbours kept": atlas.kept}
    if atlas.chance is not None:
        shares["by chance"] = atlas.chance.at(moment.steps)
    if atlas.model_share is not None:
        shares["model's movement"] = atlas.model_share
    return curves_panel(
        moment.steps,
        shares,
        Frame("trust", "How far to trust the map", span=4, height=228),
        Scale("share", limits=(0, 1)),
    )


def distances(moment: Moment, rows: Rows, far: np.ndarray) -> Panel:
    return drift_panel(
        far,
        moment.steps,
        rows.drawn(moment),
        Frame("drift", f"How far each {rows.table[:-1]} has moved, in all channels", height=380),
    )
