"""Numbers of attention: one weight, and the roles of heads."""

import numpy as np
import torch

from explorer.data.facts.arguments import recorded
from explorer.visit.sentence import example
from model_core.attention import attend
from model_core.attention.heads import read_weights
from model_core.attention.roles import MEASURES, probe_ids, probe_scores
from model_core.labels import head_label
from model_core.runs import Run


def weight(
    run: Run, layer: str, head: str, query: str, key: str, step: str = "last", text: str = ""
) -> float:
    """What one position of a text, else of the run's example, gives to another in one head."""
    ids = torch.tensor(run.tokenizer.encode(text or example(run)))
    weights = attend(run.model_at(recorded(run, step)), ids).weights
    return float(weights[int(layer), int(head), int(query), int(key)])


def role(run: Run, measure: str, layer: str, head: str, step: str = "last") -> float:
    """How much of its attention a head gives to "previous token", "induction" …, on a probe."""
    return float(_roles(run, step)[int(layer), int(head), _measure(measure)])


def top_role(run: Run, layer: str, head: str, step: str = "last") -> str:
    """The measure that is largest."""
    return MEASURES[int(_roles(run, step)[int(layer), int(head)].argmax())]


def top_head(run: Run, measure: str, step: str = "last") -> str:
    """The head for which a measure is largest."""
    scores = _roles(run, step)[..., _measure(measure)]
    layer, head = np.unravel_index(scores.argmax(), scores.shape)
    return head_label(int(layer), int(head))


def _roles(run: Run, step: str) -> np.ndarray:
    """(L, H, M): what every head gives on a probe, by MEASURES."""
    config = run.model_config
    ids = probe_ids(config.vocab_size, config.block_size)
    weights = read_weights(run.model_at(recorded(run, step)), ids)["weights"].numpy()
    return probe_scores(weights, ids)


def _measure(name: str) -> int:
    """Its index; ValueError for one that there is not."""
    if name not in MEASURES:
        raise ValueError(f"{name!r} is none of {', '.join(MEASURES)}")
    return MEASURES.index(name)
