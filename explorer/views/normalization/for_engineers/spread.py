"""How activations, gains and shifts are distributed along the depth."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from explorer.charts.normalization.depth import Sites
from explorer.charts.normalization.distributions import Quantiles
from explorer.charts.normalization.spread import spread_panel
from explorer.charts.parts.arrays import extent, padded
from explorer.charts.parts.labels import counted
from explorer.charts.parts.scales import Scale
from explorer.data import layers
from explorer.panels import Frame
from explorer.views.lessons.norms import gain_and_shift
from explorer.views.normalization.for_engineers.part import SIDES, Part, norm_sites, sides_in_words
from explorer.visit.moment import Moment
from explorer.visit.sentence import Sentence
from model_core.normalization import QUANTILES
from model_core.norms import LEARNED

STARTS = {
    name: f"{part.word.capitalize()} {name} ({part.start:g} at the start)"
    for name, part in LEARNED.items()
}


def distribution(moment: Moment, sentence: Sentence, per_step: bool) -> Part:
    """Quantiles of all activations around each norm."""
    seen, config = layers.distributions(moment, sentence.ids), moment.run.model_config
    quantiles = {side: seen[f"quantiles_{side}"] for side in SIDES}
    learned = gain_and_shift(config.norm)
    titles = {
        "in": "Before the norm",
        "normalized": f"Normalized, before {learned}",
        "out": f"After the norm and its {learned}",
    }
    limits = padded(*extent(np.stack(list(quantiles.values()))))
    return Part(
        [
            spread_panel(
                Quantiles(quantiles[side], QUANTILES),
                Sites(norm_sites(moment)),
                Frame(f"quantiles-{side}", titles[side], span=4, height=500),
                Scale("activation", limits=limits, per_step=per_step),
            )
            for side in SIDES
        ],
        f"Each bar holds the {len(sentence.ids) * config.n_embd:,} activations at one norm: all "
        f"{counted(len(sentence.ids), 'token')} of your sentence × {config.n_embd} channels. "
        f"{sides_in_words(config)}",
        lambda at: {
            titles[side]: _quantile_table(norm_sites(moment), quantiles[side][at]) for side in SIDES
        },
    )


def gains(moment: Moment, sentence: Sentence, per_step: bool) -> Part:
    """What each norm has learned: gamma and beta over the channels."""
    seen = layers.distributions(moment, sentence.ids)
    there = [name for name in STARTS if np.isfinite(seen[name]).any()]
    panels = [
        spread_panel(
            Quantiles(seen[name], QUANTILES),
            Sites(norm_sites(moment)),
            Frame(name, STARTS[name], height=500),
            Scale(name, per_step=per_step),
        )
        for name in there
    ]
    note = f"Each bar holds the {moment.run.model_config.n_embd} channels of one norm."
    return Part(
        panels,
        note if there else "So there is no gain and no shift to look at.",
        lambda at: {
            STARTS[name]: _quantile_table(norm_sites(moment), seen[name][at]) for name in there
        },
    )


def _quantile_table(names: Sequence[str], values: np.ndarray) -> pd.DataFrame:
    """Quantiles (K, 7): one row a norm."""
    quantiles = {f"{100 * share:g}%": values[:, q] for q, share in enumerate(QUANTILES)}
    return pd.DataFrame({"norm": names, **quantiles})
