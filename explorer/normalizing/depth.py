"""The parts of Layer by layer: panels along the depth, and their numbers at one step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from explorer import readings
from explorer.attending.place import place_of
from explorer.charts.arrays import extent, padded
from explorer.charts.normalization import depth_panel, token_depth_panel
from explorer.charts.spread import spread_panel
from explorer.look import Look, Sentence
from explorer.panels import Panel
from model_core.model import part_names
from model_core.normalization import QUANTILES, norm_names, stream_names

SIDES = {"in": "before", "normalized": "normalized", "out": "after"}
OF_SIDES = (
    "'Before' enters the norm, 'normalized' is read before its gain and shift, 'after' behind them."
)
OF_A_TOKEN = f"Over the channels of each token. {OF_SIDES}"


@dataclass(frozen=True)
class Shown:
    """Panels, over what their numbers are taken, and tables of those at the n-th step shown."""

    panels: Sequence[Panel]
    says: str
    tables: Callable[[int], Sequence[pd.DataFrame]]


def sizes(look: Look, sentence: Sentence, per_step: bool) -> Shown:
    """Mean and standard deviation around each norm, and the size of the residual stream."""
    seen, norms, places = readings.layers(look, sentence.ids), _norms(look), _places(look)
    stds, means = (
        {label: seen[f"{what}_{side}"].mean(2) for side, label in SIDES.items()}
        for what in ("std", "mean")
    )
    stream = {
        "largest token": seen["stream"].max(2),
        "mean over the tokens": seen["stream"].mean(2),
        "smallest token": seen["stream"].min(2),
    }
    panels = [
        _depth(
            stds, norms, "std", "Spread around each norm", "standard deviation", per_step, log=True
        ),
        depth_panel(
            stream,
            places,
            key="stream",
            title="Size of the residual stream, from the embedding to ln_f",
            unit="Euclidean norm",
            along="place",
            log=True,
            per_step=per_step,
        ),
        _depth(means, norms, "mean", "Mean around each norm", "mean", per_step, span=12),
    ]
    told = {f"std {label}": values for label, values in stds.items()}
    told |= {f"mean {label}": values for label, values in means.items()}
    return Shown(
        panels,
        f"{OF_A_TOKEN} Then averaged over the tokens of your sentence.",
        lambda at: (_table("norm", norms, told, at), _table("place", places, stream, at)),
    )


def distributions(look: Look, sentence: Sentence, per_step: bool) -> Shown:
    """Quantiles of all activations around each norm."""
    seen, norms = readings.layers(look, sentence.ids), _norms(look)
    titles = {"in": "Before the norm", "normalized": "Normalized, before gain and shift"}
    titles["out"] = "After the norm, behind gain and shift"
    limits = padded(*extent(np.stack([seen[f"quantiles_{side}"] for side in SIDES])))
    panels = [
        spread_panel(
            seen[f"quantiles_{side}"],
            norms,
            key=f"quantiles-{side}",
            title=title,
            unit="activation",
            limits=limits,
            per_step=per_step,
            span=4,
            height=380,
        )
        for side, title in titles.items()
    ]
    numbers = len(sentence.ids) * look.run.model_config.n_embd
    return Shown(
        panels,
        f"Each bar holds the {numbers:,} activations at one norm: all {len(sentence.ids)} tokens "
        f"of your sentence × {look.run.model_config.n_embd} channels.",
        lambda at: [
            _quantile_table(norms, seen[f"quantiles_{side}"][at], label)
            for side, label in SIDES.items()
        ],
    )


def gains(look: Look, sentence: Sentence, per_step: bool) -> Shown:
    """What each norm has learned: gamma and beta over the channels."""
    seen, norms = readings.layers(look, sentence.ids), _norms(look)
    learned = {
        "gamma": "Gain gamma (1 at the start)",
        "beta": "Shift beta (0 at the start)",
    }
    there = [name for name in learned if np.isfinite(seen[name]).any()]
    panels = [
        spread_panel(
            seen[name],
            norms,
            key=name,
            title=learned[name],
            unit=name,
            per_step=per_step,
            height=380,
        )
        for name in there
    ]
    return Shown(
        panels,
        f"Each bar holds the {look.run.model_config.n_embd} channels of one norm."
        if there
        else "So there is no gain and no shift to look at.",
        lambda at: [_quantile_table(norms, seen[name][at], name) for name in there],
    )


def gradients(look: Look, sentence: Sentence, per_step: bool) -> Shown:
    """The gradient of every part, and which feed-forward units do nothing."""
    config, seen = look.run.model_config, readings.layers(look, sentence.ids)
    parts = part_names(config)
    norms = look.run.gradient_norms()[np.searchsorted(look.run.steps, look.steps)]
    blocks = tuple(f"blocks.{i}.ffwd" for i in range(config.n_layer))
    units = {"silent for every token": seen["silent"], "0, over all tokens": seen["off"]}
    panels, tables = [], []
    says = ["This run was recorded without the gradients of its parts."]
    if np.isfinite(norms).any():
        says = [
            "Gradients: over all parameters of a part, not clipped, of the loss of the training "
            "batch at that step."
        ]
        panels.append(
            depth_panel(
                {"gradient": norms},
                parts,
                key="gradients",
                title="Gradient of each part of the model",
                unit="Euclidean norm",
                along="part",
                log=True,
                per_step=per_step,
                span=7 if blocks else 12,
            )
        )
        tables.append(("part", parts, {"gradient": norms}))
    if blocks:
        says.append(f"Units: of {4 * config.n_embd} in each block, on your sentence.")
        panels.append(
            depth_panel(
                units,
                blocks,
                key="units",
                title="Feed-forward units behind their ReLU",
                unit="share",
                along="block",
                limits=(0, 1),
                span=5,
            )
        )
        tables.append(("block", blocks, units))
    return Shown(panels, " ".join(says), lambda at: [_table(*table, at) for table in tables])


def one_token(look: Look, sentence: Sentence, per_step: bool) -> Shown:
    """One token of the sentence, followed through the depth."""
    seen, norms, places = readings.layers(look, sentence.ids), _norms(look), _places(look)
    at = place_of(look, sentence).query
    who = f"'{sentence.labels[at]}' at {at}"
    spread = {label: seen[f"std_{side}"][:, :, at] for side, label in SIDES.items()}
    stream = {
        who: seen["stream"][:, :, at],
        "mean over the tokens": seen["stream"].mean(2),
    }
    panels = [
        _depth(spread, norms, "std", f"{who}: spread", "standard deviation", per_step, log=True),
        depth_panel(
            stream,
            places,
            key="stream",
            title=f"{who}: size of its residual stream",
            unit="Euclidean norm",
            along="place",
            log=True,
            per_step=per_step,
        ),
        *(
            token_depth_panel(
                seen[f"std_{side}"],
                norms,
                sentence.labels,
                key=f"tokens-{label}",
                title=f"Spread of every token {label} the norm. Click a token to follow it",
                unit="standard deviation",
                log=True,
                per_step=per_step,
            )
            for side, label in (("in", "before"), ("out", "after"))
        ),
    ]
    told = {f"std {label}": values for label, values in spread.items()}
    told |= {f"mean {label}": seen[f"mean_{side}"][:, :, at] for side, label in SIDES.items()}
    return Shown(
        panels,
        f"The token {who} is followed. {OF_A_TOKEN}",
        lambda step: (_table("norm", norms, told, step), _table("place", places, stream, step)),
    )


def _depth(
    values: Mapping[str, np.ndarray],
    norms: Sequence[str],
    key: str,
    title: str,
    unit: str,
    per_step: bool,
    *,
    log: bool = False,
    span: int = 6,
) -> Panel:
    return depth_panel(
        values, norms, key=key, title=title, unit=unit, log=log, per_step=per_step, span=span
    )


def _norms(look: Look) -> tuple[str, ...]:
    return norm_names(look.run.model_config.n_layer)


def _places(look: Look) -> tuple[str, ...]:
    return stream_names(look.run.model_config.n_layer)


def _table(
    kind: str, names: Sequence[str], values: Mapping[str, np.ndarray], at: int
) -> pd.DataFrame:
    """Series (S, K) at the n-th step: one row a place."""
    return pd.DataFrame({kind: names, **{name: series[at] for name, series in values.items()}})


def _quantile_table(names: Sequence[str], values: np.ndarray, what: str) -> pd.DataFrame:
    """Quantiles (K, 7): one row a norm."""
    told = {f"{what} {100 * share:g} %": values[:, q] for q, share in enumerate(QUANTILES)}
    return pd.DataFrame({"norm": names, **told})
