"""Which feed-forward units do nothing."""

from explorer.charts.normalization.depth import Sites, depth_panel
from explorer.charts.parts.scales import Scale
from explorer.data import layers
from explorer.panels import Frame
from explorer.views.normalization.for_engineers.part import Part, table_of
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence


def units(moment: Moment, sentence: Sentence, per_step: bool) -> Part:
    """Shares of the units of each block, on the sentence."""
    seen, blocks = layers.layers(moment, sentence.ids), moment.run.anatomy.blocks
    if not blocks:
        return Part([], "This model has no blocks, so no feed-forward units.", lambda at: {})
    names = tuple(block.feed_forward.name for block in blocks)
    shares = {"silent for every token": seen["silent"], "off, over all tokens": seen["off"]}
    panel = depth_panel(
        shares,
        Sites(names, "block"),
        Frame("units", "Feed-forward units that do nothing", span=12, height=500),
        Scale("share", limits=(0, 1), per_step=per_step),
    )
    return Part(
        [panel],
        f"Of {4 * moment.run.model_config.n_embd} units in each block after their ReLU, on your "
        "sentence.",
        lambda at: {"Units": table_of("block", names, shares, at)},
    )
