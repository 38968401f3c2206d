"""How large activations are around each norm: of all tokens, and of one that is followed."""

from collections.abc import Mapping

import numpy as np

from explorer.charts.normalization.depth import Sites, depth_panel, token_depth_panel
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
from model_core.norms import NORMS, NormKind

Series = Mapping[str, np.ndarray]
THIRD, HALF = 4, 6  # of twelve columns


def sizes(moment: Moment, sentence: Sentence, per_step: bool) -> Part:
    """Mean and standard deviation around each norm, and the size of the residual stream."""
    seen, config = layers.layers(moment, sentence.ids), moment.run.model_config
    stds, means = (
        {label: seen[f"{what}_{side}"].mean(2) for side, label in SIDES.items()}
        for what in ("std", "mean")
    )
    stream = {
        "largest token": seen["stream"].max(2),
        "mean over the tokens": seen["stream"].mean(2),
        "smallest token": seen["stream"].min(2),
    }
    return Part(
        [
            _std(moment, stds, "Spread around each norm", per_step, THIRD),
            _stream(moment, stream, "Size of the residual stream", per_step, THIRD),
            depth_panel(
                means,
                Sites(norm_sites(moment)),
                Frame("mean", "Mean around each norm", THIRD),
                Scale("mean", per_step=per_step),
            ),
        ],
        "Plotted: over the channels of each token, then averaged over the tokens of your sentence"
        f"{_not_one(config.norm)}. "
        f"{sides_in_words(config)} {stream_in_words(config)}",
        lambda at: {
            "Norms, over a token's channels, mean over the tokens": table_of(
                "norm", norm_sites(moment), _both(stds, means), at
            ),
            "Residual stream": table_of("site", stream_sites(moment), stream, at),
        },
    )


def one_token(moment: Moment, sentence: Sentence, per_step: bool) -> Part:
    """One token of the sentence, followed through the depth."""
    seen, config = layers.layers(moment, sentence.ids), moment.run.model_config
    at = focus_of(moment, sentence).query
    who = f"'{sentence.labels[at]}' at {at}"
    stds, means = (
        {label: seen[f"{what}_{side}"][:, :, at] for side, label in SIDES.items()}
        for what in ("std", "mean")
    )
    stream = {who: seen["stream"][:, :, at], "mean over the tokens": seen["stream"].mean(2)}
    return Part(
        [
            _std(moment, stds, f"{who}: spread", per_step, HALF),
            _stream(moment, stream, f"{who}: size of its residual stream", per_step, HALF),
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


def _std(moment: Moment, values: Series, title: str, per_step: bool, span: int) -> Panel:
    return depth_panel(
        values,
        Sites(norm_sites(moment)),
        Frame("std", title, span),
        Scale("standard deviation", log=True, per_step=per_step),
    )


def _stream(moment: Moment, values: Series, title: str, per_step: bool, span: int) -> Panel:
    return depth_panel(
        values,
        Sites(stream_sites(moment), "site"),
        Frame("stream", title, span),
        Scale("Euclidean norm", log=True, per_step=per_step),
    )


def _not_one(kind: NormKind) -> str:
    """That the spread of a token after the norm is not 1, where the norm does not aim at it."""
    norm = NORMS[kind]
    return "" if norm.within_token or not norm.exists else f", which {norm.title} does not set to 1"


def _both(stds: Series, means: Series) -> Series:
    return {f"std {label}": values for label, values in stds.items()} | {
        f"mean {label}": values for label, values in means.items()
    }
