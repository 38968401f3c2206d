"""What is drawn on a map: colours, trails, arrows, and what happened when."""

from dataclasses import dataclass, replace

import numpy as np

from explorer.charts.embeddings.colours import CLASSES, LABELLED, Colours
from explorer.data import tables
from explorer.timeline import Tick, Timeline
from explorer.views.drift.choices import Choices
from explorer.views.drift.maps import Atlas, Rows
from explorer.visit.moment import Moment, frequency
from model_core.embeddings.neighbours import drift, moved, tokens_changed_most
from model_core.embeddings.token_classes import token_class

TRAILS = 6  # of selected rows, or of those whose neighbours changed most
LONGEST = 0.3  # of the map's radius: an arrow that only few exceed


@dataclass(frozen=True)
class Arrows:
    """Arrows (S, N, D) on a map, `factor` times as long as the moves they stand for."""

    ways: np.ndarray
    factor: float


def colours_of(moment: Moment, rows: Rows, choices: Choices) -> Colours | None:
    """What the dots are coloured by; ValueError when the run's text is gone that it needs."""
    match choices.colour:
        case "kind of token":
            tokens = moment.run.tokenizer.tokens
            kinds = [token_class(tokens[token]) for token in rows.ids]
            return Colours("kind", kinds, CLASSES)
        case "frequency":
            often = frequency(moment.run)[list(rows.ids)]
            return Colours("times in the text (log₁₀)", np.log10(np.maximum(often, 1)))
        case "updates so far":
            return Colours("updates so far", tables.updates(moment)[:, list(rows.ids)])
        case "distance moved":
            return Colours("distance from step 0 (L2)", drift(rows.vectors))
        case "a channel":
            return Colours(f"channel {choices.channel}", rows.vectors[:, :, choices.channel])
        case "position":
            return Colours("position", np.array(rows.ids))
    return None


def trails_of(
    moment: Moment, rows: Rows, choices: Choices, turnover: np.ndarray | None
) -> list[int]:
    """The rows with trails, by their indices on the map."""
    if choices.trails == "chosen and selected":
        chosen = rows.chosen(moment)
        return [*([] if chosen is None else [chosen]), *rows.selected(moment)[:TRAILS]]
    if choices.trails == "neighbours changed most" and turnover is not None:
        return tokens_changed_most(turnover, min(TRAILS, len(rows.ids))).tolist()
    return []


def arrows_of(moment: Moment, rows: Rows, atlas: Atlas, choices: Choices) -> Arrows | None:
    """Where each row moves next, on this map; None if not asked for, or for too many rows."""
    if choices.arrows == "none" or len(rows.ids) > LABELLED:
        return None

    def make() -> np.ndarray:
        if choices.arrows == "the optimizer's step":
            return atlas.arrows(tables.moves(moment, rows.table, rows.ids, "step"))
        rate = np.float32(moment.run.training_config.learning_rate)
        return atlas.arrows(-rate * tables.moves(moment, rows.table, rows.ids, "gradient"))

    at = moment.at if choices.basis == "this step" else None
    of = (choices.arrows, choices.config, choices.dimensions, choices.ends, choices.basis, at)
    key = f"{of}:{atlas.name}:{atlas.pieces}:{atlas.waiting}"
    ways = tables.arrows(moment, rows.table, rows.ids, key, make)
    factor = _enlarged(ways, atlas.places)
    return Arrows(ways * np.float32(factor), factor)


def _enlarged(ways: np.ndarray, places: np.ndarray) -> float:
    """1, 2 or 5 times a power of ten that makes arrows long enough to read; 1 without arrows."""
    lengths = np.linalg.norm(ways.astype(np.float64), axis=2)
    lengths = lengths[np.isfinite(lengths) & (lengths > 0)]
    if not len(lengths):
        return 1.0
    finite = np.where(np.isfinite(places), places, np.nan).astype(np.float64)
    middle = np.nanmean(finite, axis=1, keepdims=True)
    radius = np.sqrt(np.nanmean(((finite - middle) ** 2).sum(2)))
    wanted = LONGEST * max(radius, 1e-30) / np.percentile(lengths, 90)
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(power * max(digit for digit in (1, 2, 5) if digit * power <= wanted * (1 + 1e-9)))


def happened(
    moment: Moment, rows: Rows, turnover: np.ndarray | None, trust: np.ndarray
) -> Timeline:
    """The timeline with events of the rows, and how far to trust the map."""
    ticks: list[Tick | None] = list(moment.timeline.ticks)
    if len(moment.steps) > 1:
        ticks.append(_largest(moment, moved(rows.vectors), f"largest drift of {rows.table}"))
    if len(moment.steps) > 1 and turnover is not None:
        ticks.append(_largest(moment, turnover, "most neighbours changed"))
    return replace(
        moment.timeline,
        ticks=sorted((tick for tick in ticks if tick), key=lambda tick: tick.step),
        trust=np.clip(trust, 0, 1),
    )


def _largest(moment: Moment, values: np.ndarray, words: str) -> Tick | None:
    """The step at which the mean over rows (S, N) was largest."""
    known = np.where(np.isfinite(values), values, np.nan)
    some = ~np.isnan(known).all(1)
    means = np.full(len(known), -np.inf)
    means[some] = np.nanmean(known[some], axis=1, dtype=np.float64)
    at = int(means.argmax())
    if not means[at] > 0:
        return None
    since = f"mean {means[at]:.2g} since step {moment.steps[at - 1]:,}"
    return Tick(int(moment.steps[at]), f"{words}, {since}")
