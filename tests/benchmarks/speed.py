"""Training speed: ours with recording on, against the lecture's code and nanoGPT, in turns."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch

from model_core import corpora
from model_core.config import ModelConfig, TrainingConfig
from model_core.runs import Run
from model_core.tokenizers import train_tokenizer
from model_core.training.loop import train
from model_core.training.presets import create_from_preset
from model_core.training.trainer import Trainer
from tests.benchmarks import lecture, nanogpt

ROUNDS = 3
STEPS = 600  # a round
SIZE = {"block_size": 32, "batch_size": 16, "n_embd": 64, "n_head": 4, "n_layer": 4}
SNAPSHOTS_A_STEP = 120 / 5000  # the python-docs preset's


def training_speeds(threads: int) -> dict[str, float]:
    """Median tokens per second of each contender over ROUNDS rounds in turns.

    "recorded" writes a run directory with as many snapshots a step as the preset does, "bare" is
    the same Trainer without; "nanoGPT" only where NANOGPT_DIR names a checkout.
    """
    torch.set_num_threads(threads)
    text = corpora.built_in_text("python-docs")
    tokenizer = train_tokenizer(text, "character")
    ids = torch.tensor(tokenizer.encode(text))
    folder = os.environ.get("NANOGPT_DIR")
    contenders: dict[str, Callable[[], float]] = {
        "recorded": lambda: _recorded(threads),
        "bare": lambda: _bare(ids, len(tokenizer.tokens), threads),
        "lecture": lambda: lecture.tokens_per_second(ids, STEPS, **SIZE),
    }
    if folder:
        contenders["nanoGPT"] = lambda: nanogpt.tokens_per_second(ids, Path(folder), STEPS, **SIZE)
    seen: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, measure in contenders.items():
            seen[name].append(measure())
    return {name: median(values) for name, values in seen.items()}


def _recorded(threads: int) -> float:
    """`loop.train` from its first recorded step to its last, by the times it recorded itself."""
    settings = {**SIZE, "steps": STEPS, "snapshots": round(STEPS * SNAPSHOTS_A_STEP)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        create_from_preset(path, "python-docs", settings | {"threads": threads})
        train(path)
        rows = Run.open(path).metrics()
    tokens = rows["step"].diff()[1:] * SIZE["batch_size"] * SIZE["block_size"]
    return float(tokens.sum() / (tokens / rows["tokens_per_second"][1:]).sum())


def _bare(ids: torch.Tensor, vocab_size: int, threads: int) -> float:
    shape: dict[str, Any] = {name: SIZE[name] for name in SIZE if name != "batch_size"}
    model = ModelConfig(vocab_size=vocab_size, **shape)
    config = TrainingConfig(steps=STEPS, batch_size=SIZE["batch_size"], threads=threads)
    trainer = Trainer(model, config, ids)
    for step in range(lecture.WARM_UP + STEPS):
        if step == lecture.WARM_UP:
            start = time.perf_counter()
        trainer.compute_gradients()
        trainer.update()
    return STEPS * SIZE["batch_size"] * SIZE["block_size"] / (time.perf_counter() - start)
