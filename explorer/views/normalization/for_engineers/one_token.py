"""How large the activations of one token are, followed through the depth."""

from collections.abc import Mapping

import numpy as np

from explorer.charts.normalization.depth import Sites, depth_panel, token_depth_panel
from explorer.charts.parts.labels import shortened
from explorer.charts.parts.scales import Scale
from explorer.data import layers
from explorer.panels import Frame, Panel
from explorer.views.normalization.for_engineers.part import (
    SIDES,
    Part,
    norm_sites,
    sides_in_words,
    stream_in_words,
    stream_sites,
    table_of,
)
from explorer.visit.focus import focus_of
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence

Series = Mapping[str, np.ndarray]


def one_token(moment: Moment, sentence: Sentence, per_step: bool) -> Part:
    """One token of the sentence, followed through the depth."""
    seen, config = layers.layers(moment, sentence.ids), moment.run.model_config
    at = focus_of(moment, sentence).query
    who = f"'{shortened(sentence.labels[at])}' at {at}"
    stds, means = (
        {label: seen[f"{what}_{side}"][:, :, at] for side, label in SIDES.items()}
        for what in ("std", "mean")
    )
    stream = {who: seen["stream"][:, :, at], "mean over the tokens": seen["stream"].mean(2)}
    return Part(
        [
            _std(moment, stds, f"{who}: spread", per_step),
            _stream(moment, stream, f"{who}: size of its residual stream", per_step),
            *(
                token_depth_panel(
                    seen[f"std_{side}"],
                    Sites(norm_sites(moment)),
                    sentence.labels,
                    Frame(
                        f"tokens-{SIDES[side]}",
                        f"Spread of every token {SIDES[side]} the norm. Click one to follow it",
                    ),
                    Scale("standard deviation", log=True, per_step=per_step),
                )
                for side in ("in", "out")
            ),
        ],
        f"Plotted: the token {who}, over its channels. {sides_in_words(config)} "
        f"{stream_in_words(config)}",
        lambda step: {
            "Norms, over the token's channels": table_of(
                "norm", norm_sites(moment), _both(stds, means), step
            ),
            "Residual stream": table_of("site", stream_sites(moment), stream, step),
        },
    )


def _std(moment: Moment, values: Series, title: str, per_step: bool) -> Panel:
    return depth_panel(
        values,
        Sites(norm_sites(moment)),
        Frame("std", title),
        Scale("standard deviation", log=True, per_step=per_step),
    )


def _stream(moment: Moment, values: Series, title: str, per_step: bool) -> Panel:
    return depth_panel(
        values,
        Sites(stream_sites(moment), "site"),
        Frame("stream", title),
        Scale("Euclidean norm", log=True, per_step=per_step),
    )


def _both(stds: Series, means: Series) -> Series:
    return {f"std {label}": values for label, values in stds.items()} | {
        f"mean {label}": values for label, values in means.items()
    }
