"""The settings of a new run: three that teach as sliders, all others in a drawer."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import streamlit as st

from explorer.visit.header import NAMES
from model_core.config import NormPosition, Optimizer
from model_core.norms import KINDS
from model_core.vocabulary import Kind

Settings = Mapping[str, Any]
# Those with a widget here; what else a run was made with stays as it is in a duplicate.
SHOWN = (
    *("n_layer", "n_embd", "steps", "tokenizer", "vocab_size", "snapshot_budget", "block_size"),
    *("n_head", "norm", "norm_position", "linear_init_gain", "batch_size", "seed", "optimizer"),
    *("learning_rate", "grad_clip"),
)
LAYERS = 12  # at most, on the slider
CHANNELS = (2, 3, 4, 5, 6, 8, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256)
STEPS = (50, 100, 200, 300, 500, 1000, 1500, 2000, 3000, 5000, 10_000, 20_000)


def sliders(key: str, defaults: Settings, heads: int) -> dict[str, Any]:
    """Layers, channels (a multiple of the heads) and steps; `key` is of what is trained."""
    first, second, third = st.columns(3, gap="medium")
    wanted, layers = defaults["n_embd"], defaults["n_layer"]
    fitting = [count for count in sorted({*CHANNELS, wanted}) if count % max(heads, 1) == 0]
    fitting = fitting or [heads]
    steps = sorted({*STEPS, defaults["steps"]})
    return {
        "n_layer": first.slider("Layers", 0, max(LAYERS, layers), layers, key=f"{key}-n_layer"),
        "n_embd": second.select_slider(
            "Channels",
            fitting,
            min(fitting, key=lambda count: abs(count - wanted)),
            key=f"{key}-{heads}-n_embd",
            help="The numbers that each token is; every head has an equal share of them.",
        ),
        "steps": third.select_slider(
            "Steps", steps, defaults["steps"], format_func="{:,}".format, key=f"{key}-steps"
        ),
    }


def others(key: str, defaults: Settings) -> dict[str, Any]:
    """All other settings, in three columns."""
    text, model, training = st.columns(3)
    with text:
        changes = _tokenizer(key, defaults)
    with model:
        changes |= _model(key, defaults)
    with training:
        changes |= _training(key, defaults)
    return changes


def _tokenizer(key: str, defaults: Settings) -> dict[str, Any]:
    kind = _choice(get_args(Kind), key, "tokenizer", defaults)
    aim = defaults["vocab_size"]
    size = st.number_input("Vocabulary aimed at (bpe only)", 256, max(20_000, aim), aim)
    budget = defaults["snapshot_budget"]
    at_most = max(1, min(budget // 2**20, 4096))
    megabytes = st.number_input("Record at most this many MB", 1, 4096, at_most)
    if megabytes != at_most:
        budget = int(megabytes) * 2**20
    changes = {"tokenizer": kind, "snapshot_budget": budget}
    return changes | ({"vocab_size": size} if kind == "bpe" else {})


def _model(key: str, defaults: Settings) -> dict[str, Any]:
    return {
        **_numbers(key, ("block_size", "n_head"), defaults),
        "norm": _choice(KINDS, key, "norm", defaults),
        "norm_position": _choice(get_args(NormPosition), key, "norm_position", defaults),
        "linear_init_gain": _text(key, "linear_init_gain", defaults),
        "equal_rows": st.checkbox(
            NAMES["equal_rows"], defaults["equal_rows"], key=f"{key}-equal_rows"
        ),
    }


def _training(key: str, defaults: Settings) -> dict[str, Any]:
    return {
        **_numbers(key, ("batch_size",), defaults),
        "seed": _text(key, "seed", defaults),  # a browser's numbers end before those of a seed
        "optimizer": _choice(get_args(Optimizer), key, "optimizer", defaults),
        "learning_rate": _text(key, "learning_rate", defaults),
        "grad_clip": _text(key, "grad_clip", defaults),
    }


def _numbers(key: str, names: Sequence[str], defaults: Settings) -> dict[str, Any]:
    """Whole numbers; their rules are the configurations' own, which say what is wrong."""
    return {
        name: st.number_input(NAMES[name], value=defaults[name], step=1, key=f"{key}-{name}")
        for name in names
    }


def _choice(options: tuple[str, ...], key: str, name: str, defaults: Settings) -> str:
    return st.selectbox(NAMES[name], options, options.index(defaults[name]), key=f"{key}-{name}")


def _text(key: str, name: str, defaults: Settings) -> str:
    """A number as text, so that 3e-4 can be typed as it is spoken."""
    form = ".15g" if isinstance(defaults[name], float) else ""
    return st.text_input(NAMES[name], f"{defaults[name]:{form}}", key=f"{key}-{name}")
