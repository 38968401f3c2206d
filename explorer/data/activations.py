"""What the models of a run see in a sentence: bounded caches, keyed by run, steps and text."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from explorer.data.tables import identity, moment_key
from explorer.panels import levels as packed
from explorer.visit.moment import Moment
from model_core import normalization
from model_core.attention import ablation, roles
from model_core.attention.ablation import Replacement
from model_core.attention.heads import read_heads, read_weights, scores_of, weights_of
from model_core.config import ModelConfig
from model_core.normalization import (
    read_distributions,
    read_entering,
    read_inputs,
    read_layers,
    read_norm,
    read_scales,
)
from model_core.prediction.lens import next_probabilities, read_lens
from model_core.prediction.writing import Writing, write
from model_core.runs import Run
from model_core.runs.history import Arrays, History, Reader

AT_ONCE = 16  # steps whose weights are in memory together: those of a long sentence are many
Ids = tuple[int, ...]


class Head(NamedTuple):
    """One head at S steps: queries and keys (S, T, D), norms (S, T), scores, weights (S, T, T).

    Scores are those before the mask; weights are NaN where masked or not finite.
    """

    queries: np.ndarray
    keys: np.ndarray
    value_norms: np.ndarray
    scores: np.ndarray
    weights: np.ndarray


class Without(NamedTuple):
    """Loss on the validation windows and next-token probabilities (V,), with heads or without."""

    loss: float
    probabilities: np.ndarray


class Drawing(NamedTuple):
    """How tokens are drawn; see `model_core.writing.write`."""

    temperature: float
    top_k: int | None
    seed: int


def layers(moment: Moment, ids: Ids) -> Arrays:
    """What `read_layers` sees at every step shown."""
    return _reader(identity(moment.run), "layers", ids, read_layers).at(moment.run, moment.steps)


def distributions(moment: Moment, ids: Ids) -> Arrays:
    """What `read_distributions` sees at every step shown."""
    kept = _reader(identity(moment.run), "distributions", ids, read_distributions)
    return kept.at(moment.run, moment.steps)


def norm(moment: Moment, ids: Ids, name: str) -> Arrays:
    """What enters and what leaves one norm at every step shown: (S, T, C) each."""
    seen = partial(read_norm, name=name)
    return _reader(identity(moment.run), name, ids, seen).at(moment.run, moment.steps)


def inputs(run: Run, steps: np.ndarray, ids: Ids, layer: str) -> Arrays:
    """What `read_inputs` sees at some recorded steps, before and behind the norm: (S, T, C)."""
    seen = partial(read_inputs, layer=layer)
    return _reader(identity(run), f"inputs of {layer}", ids, seen).at(run, steps)


def scales(run: Run, ids: Ids) -> np.ndarray:
    """What `read_scales` sees at every recorded step of a run: (S, K)."""
    return _scale_reader(identity(run), ids).at(run, run.steps)["scale"]


def length_losses(run: Run, step: int, lengths: tuple[int, ...]) -> np.ndarray:
    """What `normalization.length_losses` gives for the validation text: (2, K).

    Batches are as in training; ValueError when the run's text is gone.
    """
    return _length_losses(identity(run), step, lengths, run)


def unread(moment: Moment, ids: Ids) -> bool:
    """Whether no step's model has read the sentence yet."""
    return not _reader(identity(moment.run), "heads", ids, read_heads).begun


def unprobed(moment: Moment) -> bool:
    """Whether no step's model has read the fresh random text yet."""
    return not _prober(identity(moment.run), moment.run.model_config).begun


def levels(moment: Moment, ids: Ids) -> np.ndarray:
    """The weights of all heads as a Mosaic has them: (S, L, H, T(T+1)/2)."""
    return _levels(moment_key(moment), ids, moment)


def head(moment: Moment, ids: Ids, at: tuple[int, int]) -> Head:
    """The head `at` (layer, head) at every step shown."""
    return _head(moment_key(moment), ids, at, moment)


def lens(moment: Moment, ids: Ids, position: int) -> Arrays:
    """What `read_lens` sees at every step shown: (S, K, T) and (S, K, V)."""
    seen = partial(read_lens, position=position)
    return _lens_reader(identity(moment.run), ids, position, seen).at(moment.run, moment.steps)


def head_scores(moment: Moment) -> np.ndarray:
    """What every head scores on fresh random text in each of MEASURES: (S, L, H, 5)."""
    prober = _prober(identity(moment.run), moment.run.model_config)
    return prober.at(moment.run, moment.steps)["scores"]


def scores_on(moment: Moment, ids: Ids) -> np.ndarray:
    """The same on a sentence: what heads do there, (S, L, H, 5)."""
    return _scores_on(moment_key(moment), ids, moment)


def head_costs(moment: Moment, instead: Replacement) -> tuple[float, np.ndarray]:
    """Validation loss at the settled step, and what each head's absence adds: (L, H).

    ValueError when the run's text is gone.
    """
    return _costs(identity(moment.run), moment.step, instead, moment.run)


def without(
    moment: Moment, ids: Ids, position: int, off: tuple[tuple[int, int], ...], instead: Replacement
) -> Without:
    """The model of the settled step without some heads: what it loses and predicts."""
    return _without(identity(moment.run), moment.step, ids, position, off, instead, moment.run)


def windows(moment: Moment) -> Tensor:
    """The validation windows (B, T) of the run; ValueError when its text is gone."""
    return _windows(identity(moment.run), moment.run)[0]


def entering(moment: Moment, batch: tuple[Ids, ...], norm: str) -> Arrays:
    """What `read_entering` sees of a batch of B texts at every step shown: (S, B, T, C), (S, C)."""
    return _entering_reader(identity(moment.run), batch, norm).at(moment.run, moment.steps)


def writing(moment: Moment, ids: Ids, count: int, how: Drawing) -> Writing:
    """`count` tokens behind a sentence, as the model of the settled step writes them."""
    return _writing(identity(moment.run), moment.step, ids, count, how, moment.run)


def _heads(moment: Moment, ids: Ids) -> Arrays:
    return _reader(identity(moment.run), "heads", ids, read_heads).at(moment.run, moment.steps)


@st.cache_resource(show_spinner=False)
def _history() -> History:
    return History()


@st.cache_resource(max_entries=8, show_spinner=False)
def _reader(of_run: str, kind: str, ids: Ids, _seen: Callable[..., Mapping[str, Tensor]]) -> Reader:
    return Reader(_history(), _seen, torch.tensor(ids))


@st.cache_resource(max_entries=8, show_spinner=False)
def _lens_reader(
    of_run: str, ids: Ids, position: int, _seen: Callable[..., Mapping[str, Tensor]]
) -> Reader:
    return Reader(_history(), _seen, torch.tensor(ids))


@st.cache_resource(max_entries=16, show_spinner=False)  # of all variants of a run or two
def _scale_reader(of_run: str, ids: Ids) -> Reader:
    return Reader(_history(), read_scales, torch.tensor(ids))


@st.cache_resource(max_entries=4, show_spinner=False)
def _entering_reader(of_run: str, batch: tuple[Ids, ...], norm: str) -> Reader:
    return Reader(_history(), partial(read_entering, norm=norm), torch.tensor(batch))


@st.cache_resource(max_entries=8, show_spinner=False)
def _levels(when: str, ids: Ids, _look: Moment) -> np.ndarray:
    return np.concatenate([packed(weights) for weights in _all_weights(_heads(_look, ids))])


@st.cache_resource(max_entries=8, show_spinner=False)
def _scores_on(when: str, ids: Ids, _look: Moment) -> np.ndarray:
    seen = _all_weights(_heads(_look, ids))
    return np.concatenate([roles.head_scores(weights, ids) for weights in seen])


def _all_weights(heads: Arrays) -> Iterator[np.ndarray]:
    """(some steps, L, H, T, T), a few steps after the other."""
    queries, keys = heads["queries"], heads["keys"]
    for first in range(0, len(queries), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        yield weights_of(scores_of(queries[some], keys[some]))


@st.cache_resource(max_entries=16, show_spinner=False)
def _head(when: str, ids: Ids, at: tuple[int, int], _look: Moment) -> Head:
    seen = _heads(_look, ids)
    queries, keys, norms = (
        seen[name][:, at[0], at[1]] for name in ("queries", "keys", "value_norms")
    )
    scores = scores_of(queries, keys)
    with np.errstate(over="ignore"):  # of a diverged model
        told = scores.astype(np.float32)
    weights = weights_of(scores)
    read = np.tri(weights.shape[-1], dtype=bool) & np.isfinite(weights)
    return Head(queries, keys, norms, told, np.where(read, weights, np.float32(np.nan)))


@st.cache_resource(max_entries=8, show_spinner=False)
def _prober(of_run: str, _config: ModelConfig) -> Reader:
    probes = roles.probe_ids(_config.vocab_size, _config.block_size)

    def scored(seen: Arrays) -> Arrays:  # (S, B, L, H, T, T)
        return {"scores": roles.probe_scores(seen["weights"].swapaxes(0, 1), probes)}

    return Reader(_history(), read_weights, probes, reduce=scored)


@st.cache_resource(max_entries=32, show_spinner="Switching off one head after another …")
def _costs(of_run: str, step: int, instead: Replacement, _run: Run) -> tuple[float, np.ndarray]:
    return ablation.head_costs(_run.model_at(step), *_windows(of_run, _run), instead)


@st.cache_resource(max_entries=32, show_spinner=False)
def _without(
    of_run: str,
    step: int,
    ids: Ids,
    position: int,
    off: tuple[tuple[int, int], ...],
    instead: Replacement,
    _run: Run,
) -> Without:
    model, (idx, targets) = _run.model_at(step), _windows(of_run, _run)
    means = ablation.mean_outputs(model, idx) if instead == "mean" else None
    with torch.inference_mode(), ablation.ablated(model, off, means):
        loss = model(idx, targets)[1].item()
        logits = model(torch.tensor([ids]))[0][0, position]
    return Without(loss, next_probabilities(logits))


@st.cache_resource(max_entries=64, show_spinner="Reading windows …")
def _length_losses(of_run: str, step: int, lengths: tuple[int, ...], _run: Run) -> np.ndarray:
    batch_size = _run.training_config.batch_size
    text = _validation(of_run, _run)
    return normalization.length_losses(_run.model_at(step), text, batch_size, lengths)


@st.cache_resource(max_entries=16, show_spinner=False)
def _validation(of_run: str, _run: Run) -> Tensor:
    return _run.split().validation


@st.cache_resource(max_entries=4, show_spinner=False)
def _windows(of_run: str, _run: Run) -> tuple[Tensor, Tensor]:
    return _run.validation_windows()


@st.cache_resource(max_entries=32, show_spinner=False)
def _writing(of_run: str, step: int, ids: Ids, count: int, how: Drawing, _run: Run) -> Writing:
    return write(_run.model_at(step), ids, count, **how._asdict())
