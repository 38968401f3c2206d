"""The gradient of every part of the model, and which feed-forward units do nothing."""

from collections.abc import Mapping

import numpy as np

from explorer.charts.normalization.depth import Sites, depth_panel
from explorer.charts.parts.scales import Scale
from explorer.data import layers
from explorer.panels import Frame, Panel
from explorer.views.normalization.for_engineers.part import Part, table_of
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence


def gradients_and_units(moment: Moment, sentence: Sentence, per_step: bool) -> Part:
    """Gradients of the training batches, units on the sentence; what is not there is left out."""
    config, seen = moment.run.model_config, layers.layers(moment, sentence.ids)
    norms = moment.run.gradient_norms()[np.searchsorted(moment.run.steps, moment.steps)]
    units = {"silent for every token": seen["silent"], "off, over all tokens": seen["off"]}
    blocks = tuple(block.feed_forward.name for block in moment.run.anatomy.blocks)
    panels, notes = [], []
    rows: dict[str, tuple[str, tuple[str, ...], Mapping[str, np.ndarray]]] = {}
    if np.isfinite(norms).any():
        rows["Gradients"] = ("part", moment.run.anatomy.parts, {"gradient": norms})
        panels.append(_gradients(moment, norms, per_step, span=7 if blocks else 12))
        notes.append(
            "Gradients: over all parameters of a part, not clipped, of the loss of the training "
            "batch at that step."
        )
    else:
        notes.append("This run was recorded without the gradients of its parts.")
    if blocks:
        rows["Units"] = ("block", blocks, units)
        panels.append(_units(units, blocks))
        notes.append(
            f"Units: of {4 * config.n_embd} in each block behind their ReLU, on your sentence."
        )
    return Part(
        panels, " ".join(notes), lambda at: {name: table_of(*row, at) for name, row in rows.items()}
    )


def _gradients(moment: Moment, norms: np.ndarray, per_step: bool, span: int) -> Panel:
    return depth_panel(
        {"gradient": norms},
        Sites(moment.run.anatomy.parts, "part"),
        Frame("gradients", "Gradient of each part of the model", span),
        Scale("Euclidean norm", log=True, per_step=per_step),
    )


def _units(units: dict[str, np.ndarray], blocks: tuple[str, ...]) -> Panel:
    return depth_panel(
        units,
        Sites(blocks, "block"),
        Frame("units", "Feed-forward units that do nothing", span=5),
        Scale("share", limits=(0, 1)),
    )
