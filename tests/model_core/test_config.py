"""Configurations refuse nonsense at birth, in one sentence with value, rule and way out."""

import math
import subprocess
import sys
from typing import Any

import pytest

from model_core.config import MapConfig, ModelConfig, TrainingConfig
from tests.support.models import NORMS_LISTED

SIZES: dict[str, Any] = {"vocab_size": 27, "block_size": 8, "n_embd": 12, "n_head": 3, "n_layer": 1}
SETTINGS = (
    "steps",
    "batch_size",
    "learning_rate",
    "optimizer",
    "weight_decay",
    "grad_clip",
    "seed",
)


def refused(config: type[ModelConfig | TrainingConfig | MapConfig], **fields: Any) -> str:
    with pytest.raises(ValueError) as error:
        config(**fields)
    said = str(error.value)
    assert type(error.value) is ValueError  # not pydantic's list of everything
    assert len(said) <= 200
    assert said.isprintable()
    return said


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("learning_rate", 0, "learning_rate must be greater than 0, got 0"),
        ("learning_rate", -1e-3, "learning_rate must be greater than 0, got -0.001"),
        ("learning_rate", math.nan, "learning_rate must be a finite number, got nan"),
        ("learning_rate", math.inf, "learning_rate must be a finite number, got inf"),
        ("steps", 0, "steps must be greater than or equal to 1, got 0"),
        ("steps", -1, "steps must be greater than or equal to 1, got -1"),
        ("steps", 10**10, "steps must be less than or equal to 10000000, got 10000000000"),
        ("seed", 2**64, f"seed must be less than {2**63}, got {2**64}"),
        ("seed", -1, "seed must be greater than or equal to 0, got -1"),
        ("optimizer", "adma", "optimizer must be 'sgd', 'adam' or 'adamw', got 'adma'"),
        ("batch_size", 0, "batch_size must be greater than or equal to 1, got 0"),
        ("weight_decay", -0.1, "weight_decay must be greater than or equal to 0, got -0.1"),
        ("grad_clip", math.nan, "grad_clip must be a finite number, got nan"),
        ("snapshots", 1, "snapshots must be greater than or equal to 2, got 1"),
    ],
)
def test_training_refuses(field: str, value: object, said: str) -> None:
    assert refused(TrainingConfig, **{field: value}) == said


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("dropout", 1, "dropout must be less than 1, got 1"),
        ("dropout", -0.1, "dropout must be greater than or equal to 0, got -0.1"),
        ("vocab_size", 0, "vocab_size must be greater than or equal to 1, got 0"),
        ("block_size", 0, "block_size must be greater than or equal to 1, got 0"),
        ("n_layer", -1, "n_layer must be greater than or equal to 0, got -1"),
        ("n_head", 129, "n_head must be less than or equal to 128, got 129"),
        ("n_head", 5, "n_head=5 does not divide n_embd=12; choose one of 1, 2, 3, 4, 6, 12"),
        ("norm", "lyer", f"norm must be {NORMS_LISTED}, got 'lyer'"),
        ("norm_position", "mid", "norm_position must be 'pre' or 'post', got 'mid'"),
        ("linear_init_gain", 0, "linear_init_gain must be greater than 0, got 0"),
    ],
)
def test_a_model_refuses(field: str, value: object, said: str) -> None:
    assert refused(ModelConfig, **{**SIZES, field: value}) == said


NOISE: list[dict[str, Any]] = [
    {"norm": "layer", "n_embd": 1, "n_head": 1},
    {"norm": "batch", "block_size": 1},
]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            NOISE[0],
            "n_embd=1 with layer norm learns nothing there: one number minus its own mean is "
            "always 0; choose n_embd=2 or more, or another norm",
        ),
        (
            NOISE[1],
            "block_size=1 with batch norm learns nothing there: the only position's row goes with "
            "the mean; choose block_size=2 or more, or another norm",
        ),
    ],
)
def test_a_model_refuses_what_shows_rounding_alone_but_such_a_record_is_read(
    changes: dict[str, Any], said: str
) -> None:
    assert refused(ModelConfig, **SIZES | changes) == said
    assert ModelConfig.recorded(**SIZES | changes).model_dump().items() >= changes.items()
    with pytest.raises(ValueError, match="^n_head=5 does not divide"):
        ModelConfig.recorded(**SIZES | changes | {"n_head": 5, "n_embd": 12})


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("table", "heads", "table must be 'tokens' or 'positions', got 'heads'"),
        ("method", "pca", "method must be 'umap', 'aligned' or 'tsne', got 'pca'"),
        ("dimensions", 1, "dimensions must be greater than or equal to 2, got 1"),
        ("dimensions", 4, "dimensions must be less than or equal to 3, got 4"),
        ("n_neighbors", 1, "n_neighbors must be greater than or equal to 2, got 1"),
        ("min_dist", -0.1, "min_dist must be greater than or equal to 0, got -0.1"),
        ("min_dist", 1.1, "min_dist must be less than or equal to 1, got 1.1"),
        ("smoothness", -1, "smoothness must be greater than or equal to 0, got -1"),
        ("smoothness", math.inf, "smoothness must be a finite number, got inf"),
        ("seed", -1, "seed must be greater than or equal to 0, got -1"),
        ("seed", 2**31, f"seed must be less than {2**31}, got {2**31}"),
        ("rows", "a", "rows must be a valid tuple, got 'a'"),
    ],
)
def test_a_map_refuses(field: str, value: object, said: str) -> None:
    assert refused(MapConfig, **{field: value}) == said


def test_the_edges_of_what_is_allowed_are_allowed() -> None:
    assert TrainingConfig(steps=1, seed=2**63 - 1, snapshots=2).seed == 2**63 - 1
    assert ModelConfig(**{**SIZES, "dropout": 0.99, "n_layer": 0}).n_layer == 0


def test_a_number_with_a_comma_is_named() -> None:
    assert refused(TrainingConfig, learning_rate="0,001").endswith("got '0,001'")


MONSTERS = ["x" * 500, "a\nb" * 200, [1] * 500, {"a": "b" * 500}, -(10**300)]


@pytest.mark.parametrize("value", MONSTERS, ids=["long", "lines", "list", "dict", "number"])
def test_even_a_monstrous_value_gets_one_short_line(value: object) -> None:
    for field in SIZES:
        assert refused(ModelConfig, **{**SIZES, field: value}).startswith(f"{field} must be ")
    for field in SETTINGS:
        assert refused(TrainingConfig, **{field: value}).startswith(f"{field} must be ")
    for field in ("table", "method", "dimensions", "n_neighbors", "min_dist", "smoothness"):
        assert refused(MapConfig, **{field: value}).startswith(f"{field} must be ")


@pytest.mark.parametrize("n_embd", [2520, 3360, 4095, 4093])
def test_however_many_heads_would_fit_the_sentence_stays_short(n_embd: int) -> None:
    said = refused(ModelConfig, **{**SIZES, "n_embd": n_embd, "n_head": 11})
    fitting = said.partition("one of ")[2].split(", ")
    for n_head in fitting:
        ModelConfig(**{**SIZES, "n_embd": n_embd, "n_head": int(n_head)})


def test_an_unknown_setting_is_named_with_those_there_are() -> None:
    said = refused(TrainingConfig, stepps=5)
    assert said.startswith("unknown setting 'stepps'; there are ")
    assert set(SETTINGS) <= set(said.partition("there are ")[2].split(", "))
    refused(TrainingConfig, **{"y" * 300: 5})
    refused(ModelConfig, **{**SIZES, "\x1b[31m": 5})
    assert refused(MapConfig, neighbors=5).startswith("unknown setting 'neighbors'; there are ")
    assert refused(MapConfig, **{"self": 5}).startswith("unknown setting 'self'; there are ")


def test_a_missing_size_is_named() -> None:
    assert (
        refused(ModelConfig, **{k: SIZES[k] for k in SIZES if k != "n_head"}) == "n_head is missing"
    )


def test_a_configuration_never_changes() -> None:
    config = ModelConfig(**SIZES)
    with pytest.raises(ValueError, match="frozen"):
        config.n_embd = 24
    assert config.n_embd == 12


def test_a_replaced_configuration_is_a_new_one_and_checked_again() -> None:
    config = ModelConfig(**SIZES)
    assert config.replaced(n_layer=4) == ModelConfig(**{**SIZES, "n_layer": 4})
    assert config.n_layer == 1
    with pytest.raises(ValueError, match="^n_head=5 does not divide"):
        config.replaced(n_head=5)


@pytest.mark.parametrize("config", [ModelConfig(**SIZES, norm="rms"), TrainingConfig(seed=2**62)])
def test_a_configuration_survives_json(config: ModelConfig | TrainingConfig) -> None:
    assert type(config).model_validate_json(config.model_dump_json()) == config


def test_equal_configurations_are_equal_keys() -> None:
    assert len({ModelConfig(**SIZES), ModelConfig(**SIZES), ModelConfig(**SIZES, bias=True)}) == 2


@pytest.mark.parametrize("module", ["config", "tokenizers"])
def test_importing_what_a_form_needs_does_not_load_torch(module: str) -> None:
    heavy = ("torch", "numpy", "pandas", "sklearn", "umap", "tokenizers", "streamlit", "plotly")
    code = f"import sys, model_core.{module}; print(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
