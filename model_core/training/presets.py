"""Trainings that are known to work and what each one shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import accumulate
from pathlib import Path
from typing import Any

from model_core import corpora, words
from model_core.config import ModelConfig, TrainingConfig
from model_core.runs import Plan, create_run
from model_core.tokenizers import train_tokenizer
from model_core.training.recording import snapshot_bytes, snapshot_steps
from model_core.vocabulary import Kind

LONGEST_EXAMPLE = 60  # characters


@dataclass(frozen=True)
class Preset:
    """A corpus with settings for it; `vocab_size` follows from the corpus.

    `example` is a sentence worth typing to a model that learned the corpus. A vocabulary of
    characters has those of `alphabet` too, where the corpus lacks them.
    """

    name: str
    says: str
    example: str
    corpus: str
    model: Mapping[str, Any]
    training: Mapping[str, Any]
    tokenizer: Kind = "character"
    alphabet: str = corpora.PRINTABLE


# Rows of N(0, 1) in 64 channels are 8 long, and training moves them by 2: their map and table look
# alike before and after. With this standard deviation they end seven times as long as they start.
_SMALL_ROWS = {"embedding_init_std": 0.05}

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "quick-brown-fox",
            "One sentence, learned by heart in seconds: tables small enough to read every number.",
            corpora.SENTENCE,
            "quick-brown-fox",
            {"block_size": 41, "n_embd": 5, "n_head": 1, "n_layer": 2},
            {"steps": 1000, "batch_size": 16, "learning_rate": 1e-2},
            alphabet="",
        ),
        Preset(
            "python-docs",
            "The Python language reference: real English, four layers of four heads.",
            "the value of the expression is",
            "python-docs",
            {"block_size": 32, "n_embd": 64, "n_head": 4, "n_layer": 4} | _SMALL_ROWS,
            {"steps": 5000, "batch_size": 16, "learning_rate": 3e-3, "eval_interval": 50},
        ),
        Preset(
            "stories",
            "Tiny stories with known rules (she or he, barked or meowed): see which are learned.",
            "Mia had a red kite. One sunny day she",
            "stories",
            {"block_size": 64, "n_embd": 64, "n_head": 4, "n_layer": 3} | _SMALL_ROWS,
            {"steps": 1500, "batch_size": 16, "learning_rate": 3e-3},
        ),
        Preset(
            "induction",
            "Made-up words written over and over: two layers discover how to copy.",
            "Mia saw a dog. Mia saw a dog.",
            "induction",
            {"block_size": 32, "n_embd": 64, "n_head": 4, "n_layer": 2},
            {"steps": 500, "batch_size": 32, "learning_rate": 3e-3},
        ),
        Preset(
            "exploding",
            "Eight layers, doubled weights, no normalization: the residual stream grows until NaN.",
            "the value of the expression is",
            "python-docs",
            {
                "block_size": 32,
                "n_embd": 64,
                "n_head": 4,
                "n_layer": 8,
                "norm": "none",
                "linear_init_gain": 2.0,
            },
            {"steps": 300, "batch_size": 16, "learning_rate": 6e-2},
        ),
    )
}


def create_from_preset(
    path: Path, name: str, changes: Mapping[str, Any], own_text: str | None = None
) -> None:
    """Make the run directory `path`, ready to train, from `plan`; ValueError likewise."""
    create_run(path, plan(name, changes, own_text))


def plan(name: str, changes: Mapping[str, Any], own_text: str | None = None) -> Plan:
    """What a run of a preset with some settings changed is made from.

    `changes` may hold `tokenizer`, `corpus` and any field of ModelConfig and TrainingConfig;
    vocab_size only for byte-pair encoding, as the size to reach, otherwise it follows from the
    text. `own_text` replaces the preset's corpus. ValueError says what does not fit.
    """
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name[:40]!r}")
    preset = PRESETS[name]
    _check_known(changes)
    first = {"tokenizer": preset.tokenizer, "corpus": preset.corpus}
    settings = {**preset.model, **preset.training, **first, **changes}
    text = corpora.built_in_text(settings["corpus"]) if own_text is None else own_text
    alphabet = preset.alphabet if own_text is None else ""
    tokenizer = train_tokenizer(text, settings["tokenizer"], _target_size(settings), alphabet)
    settings["vocab_size"] = len(tokenizer.tokens)
    model_config = ModelConfig(
        **{key: settings[key] for key in ModelConfig.model_fields if key in settings}
    )
    training_config = TrainingConfig(
        **{key: settings[key] for key in TrainingConfig.model_fields if key in settings}
    )
    corpora.check_length(len(tokenizer.encode(text)), model_config.block_size)
    snapshot_steps(training_config, snapshot_bytes(model_config))
    corpus = settings["corpus"] if own_text is None else "own-text"
    return Plan(corpus, text, tokenizer, model_config, training_config)


def _check_known(changes: Mapping[str, Any]) -> None:
    known = [*ModelConfig.model_fields, *TrainingConfig.model_fields, "tokenizer", "corpus"]
    for key in changes:
        if key not in known:
            close = get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]}?" if close else "some are n_embd, norm, learning_rate"
            raise ValueError(f"unknown setting {key[:40]!r}; {hint}")


def _target_size(settings: Mapping[str, Any]) -> int:
    """The vocabulary size for byte-pair encoding to reach; for others it follows from the text."""
    size = settings.get("vocab_size", 512)
    if "vocab_size" in settings and settings["tokenizer"] != "bpe":
        raise ValueError("vocab_size follows from the text unless tokenizer=bpe; leave it out")
    if not str(size).isdecimal():
        raise ValueError(f"vocab_size must be a positive whole number, got {str(size)[:40]!r}")
    return int(size)


def example_sentence(corpus: str, text: str) -> str:
    """A sentence to type first: the preset's for a built-in corpus, else the text's first line.

    A long line is cut after a whole word if possible: a vocabulary may lack half a word.
    """
    for preset in PRESETS.values():
        if preset.corpus == corpus:
            return preset.example
    line = text.strip().partition("\n")[0]
    for parts in (words.pieces(line), words.letters(line)):
        ends = [end for end in accumulate(map(len, parts)) if end <= LONGEST_EXAMPLE]
        if ends:
            return line[: ends[-1]].rstrip()
    return ""
