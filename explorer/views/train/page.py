"""Train: start a model on a text, watch its loss, steer it."""

from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import streamlit as st

from explorer.charts.parts.curves import curves_panel
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame, Panel, Words
from explorer.visit import session
from explorer.visit.moment import Moment
from explorer.visit.page import clock, how_computed, plain, question
from explorer.visit.runs import open_run, run_names
from explorer.visit.sentence import Sentence, example
from explorer.visit.widgets import one_of
from model_core.config import NormPosition, Optimizer, TrainingConfig
from model_core.corpora import check_text, read_text
from model_core.norms import KINDS
from model_core.runs import Run, runs_folder
from model_core.runs.status import Status
from model_core.runs.storage import check_name
from model_core.tokenizers import Kind
from model_core.training import jobs
from model_core.training.presets import PRESETS, Preset, create_from_preset
from model_core.training.turns import queued_before


def form() -> None:
    """What to train; pressing Train starts it and makes it the chosen run."""
    question("What does a model learn from a text, and how fast?")
    left, right = st.columns([1, 3])
    with left:
        preset = PRESETS[one_of(st.selectbox, "train.preset", "Preset", tuple(PRESETS))]
        st.caption(preset.says)
    with right, st.form("train", border=False):
        name, press = st.columns([3, 1], vertical_alignment="bottom")
        problem = st.empty()
        free = _free_name(preset.name)
        chosen = name.text_input("Name of the new run", free, max_chars=64, key=f"name-{free}")
        pressed = press.form_submit_button("Train", type="primary", width="stretch")
        with st.expander("Your own text, model size, optimizer …"):
            text, model, training = st.columns(3)
            with text:
                own_text = _own_text()
                changes = _tokenizer(preset)
            with model:
                changes |= _model(preset)
            with training:
                changes |= _training(preset)
    if pressed and (words := _start(chosen, preset, changes, own_text)):
        problem.error(plain(words))


def draw(moment: Moment, sentence: Sentence) -> None:
    """The curves of the chosen run, and what it writes."""
    metrics = moment.metrics
    panels: list[Panel | Words] = [
        Words(
            Frame("sample", "What the model writes at this step", span=12, height=64),
            list(metrics["sample"]),
            alt="A text sampled from the model at each recorded step, always with the same seed.",
        ),
        curves_panel(
            moment.steps,
            {
                "training": metrics["train_loss"].to_numpy(),
                "validation": metrics["val_loss"].to_numpy(),
            },
            Frame("loss", "Loss", span=8, height=340),
            Scale("nats per token"),
        ),
        curves_panel(
            moment.steps,
            {"gradient": metrics["grad_norm"].to_numpy()},
            Frame("gradient", "Size of the gradient", span=4, height=340),
            Scale("L2 norm", log=True),
        ),
    ]
    clock(moment, panels)
    how_computed(
        r"\mathrm{loss} = -\frac{1}{B\,T}\sum_{b,t} \ln p(x_{b,t+1} \mid x_{b,1..t})",
        "The mean surprise at the true next token, in nats; guessing evenly costs ln V = "
        f"ln {moment.run.model_config.vocab_size}. Training loss and gradient: the batch drawn at "
        "that step, before it moves the weights. Validation loss: always the same windows of text "
        "that is not trained on (of the same text where it is too short to hold any back).",
        "trainer.Trainer.compute_gradients, trainer.Trainer.validation_loss",
    )


def _free_name(wanted: str) -> str:
    taken, name, number = set(run_names()), wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def _own_text() -> str | bytes | None:
    """What the visitor typed or uploaded; None for the preset's text."""
    file = st.file_uploader("Your own text, a UTF-8 file", max_upload_size=50)
    typed = st.text_area("or typed here", height=120, placeholder="Leave empty: the preset's text")
    return file.getvalue() if file else typed or None


def _tokenizer(preset: Preset) -> dict[str, Any]:
    kind = _choice("Tokens are", get_args(Kind), preset, "kind", preset.tokenizer)
    size = st.number_input("Vocabulary aimed at (bpe only)", 256, 20_000, 512)
    return {"tokenizer": kind} | ({"vocab_size": size} if kind == "bpe" else {})


def _model(preset: Preset) -> dict[str, Any]:
    fields = {
        "block_size": "Block size: tokens read at a time",
        "n_embd": "Channels (n_embd)",
        "n_layer": "Layers (n_layer)",
        "n_head": "Heads a layer (n_head)",
    }
    values = _numbers(preset.name, fields, preset.model)
    defaults = {"norm": "layer", "norm_position": "pre", **preset.model}
    values["norm"] = _choice("Normalization", KINDS, preset, "norm", defaults["norm"])
    label, position = "Norm before or after attention and feed-forward", defaults["norm_position"]
    values["norm_position"] = _choice(label, get_args(NormPosition), preset, "position", position)
    gain = defaults.get("linear_init_gain", 1.0)
    values["linear_init_gain"] = _text("Initial weights times", preset, "gain", gain)
    return values


def _training(preset: Preset) -> dict[str, Any]:
    fields = {"steps": "Steps", "batch_size": "Batch size: windows a step", "seed": "Seed"}
    defaults = {name: field.default for name, field in TrainingConfig.model_fields.items()}
    defaults |= preset.training
    values = _numbers(preset.name, fields, defaults)
    optimizer = defaults["optimizer"]
    values["optimizer"] = _choice("Optimizer", get_args(Optimizer), preset, "optimizer", optimizer)
    rate = _text("Learning rate", preset, "rate", defaults["learning_rate"])
    clip = _text("Clip the gradient at (0: never)", preset, "clip", defaults["grad_clip"])
    megabytes = st.number_input("Record at most this many MB", 1, 4096, 256)
    budget = int(megabytes) * 2**20
    return {**values, "learning_rate": rate, "grad_clip": clip, "snapshot_budget": budget}


def _numbers(preset: str, fields: dict[str, str], defaults: Any) -> dict[str, Any]:
    """Whole numbers; their rules are the configurations' own, which say what is wrong."""
    return {
        name: st.number_input(label, value=defaults[name], step=1, key=f"{preset}-{name}")
        for name, label in fields.items()
    }


def _choice(label: str, options: tuple[str, ...], preset: Preset, name: str, default: str) -> str:
    return st.selectbox(label, options, options.index(default), key=f"{preset.name}-{name}")


def _text(label: str, preset: Preset, name: str, value: float) -> str:
    """A number as text, so that 3e-4 can be typed as it is spoken."""
    return st.text_input(label, f"{value:g}", key=f"{preset.name}-{name}")


def _start(name: str, preset: Preset, changes: dict[str, Any], own: str | bytes | None) -> str:
    """Make the run and its process in one go, then look at it; words if that cannot be."""
    try:
        if name in run_names():
            raise ValueError(f"a run named {name} exists already; choose another name")
        text = read_text(own) if isinstance(own, bytes) else own and check_text(own)
        path = runs_folder() / check_name(name)
        create_from_preset(path, preset.name, changes, text)
        jobs.start(path)
    except ValueError as error:
        return str(error)
    except OSError as error:
        return f"The runs folder cannot be written: {error.strerror}. Free space, then try again."
    session.choose_run(name, example(open_run()))
    st.rerun()


def steer(run: Run) -> None:
    """How the training stands, and the buttons that make sense now."""
    status, path = run.status, run.path
    words, first, second = st.columns([6, 1, 1], vertical_alignment="center")
    done = min(1.0, status.step / status.steps) if status.steps else 0.0
    words.progress(done, plain(_standing(status, path)))
    if status.state == "paused":
        first.button("Go on", on_click=jobs.go_on, args=(path,), width="stretch")
    elif status.state == "running":
        first.button("Pause", on_click=jobs.pause, args=(path,), width="stretch")
    if status.active:
        second.button("Stop", on_click=jobs.stop, args=(path,), width="stretch")
    elif status.state in ("stopped", "failed") and path.parent == runs_folder():
        first.button("Resume", on_click=_resume, args=(path,), width="stretch")
    if status.words and status.state == "stopped":
        st.caption(plain(status.words))


def _resume(path: Path) -> None:
    with suppress(ValueError):  # a double click: it is being trained already
        jobs.start(path)


def _standing(status: Status, path: Path) -> str:
    parts = [f"{path.name}: {status.state}, step {status.step:,} of {status.steps:,}"]
    if status.state == "queued":
        before = queued_before(path)
        parts.append(f"{before} trainings wait before it" if before else "it starts in a moment")
    if status.train_loss is not None:
        parts.append(f"loss {status.train_loss:.3f} nats per token")
    if status.tokens_per_second and status.active:
        parts.append(f"{status.tokens_per_second:,.0f} tokens/s")
    if status.seconds_left is not None:
        parts.append(f"{status.seconds_left:,.0f} s left")
    return " · ".join(parts)
