"""Configurations of models, trainings and maps: frozen values, validated when made."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from model_core.norms import NORMS, NormKind

NormPosition = Literal["pre", "post"]
Optimizer = Literal["sgd", "adam", "adamw"]
Table = Literal["tokens", "positions"]
MapMethod = Literal["umap", "aligned", "tsne"]
MAX_STEPS = 10_000_000  # optimizer steps
MAX_TEXT_BYTES = 50 * 2**20  # of a corpus


class _Config(BaseModel):
    """Fields are validated together; an invalid one raises a ValueError of one sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise ValueError(_sentence(error, list(type(self).model_fields))) from None

    @classmethod
    def recorded(cls, /, **fields: Any) -> Self:
        """A configuration to read by, which may be one that nothing new is trained with."""
        config = cls.__new__(cls)
        _Config.__init__(config, **fields)
        return config

    def replaced(self, **changes: Any) -> Self:
        """The same configuration with some fields changed, checked again as `recorded` does."""
        return self.recorded(**{**self.model_dump(), **changes})


class ModelConfig(_Config):
    """The size and shape of a BigramLanguageModel.

    `linear_init_gain` multiplies PyTorch's default initial weights of every linear layer of the
    blocks, `embedding_init_std` is the standard deviation of the initial rows of both tables;
    with `equal_rows` all rows of a table are its first one.
    `bias` gives those layers and `lm_head` a bias. `n_layer=0` is a bigram model with positions.
    """

    vocab_size: int = Field(ge=1, le=1_000_000)
    block_size: int = Field(ge=1, le=4096)
    n_embd: int = Field(ge=1, le=4096)
    n_head: int = Field(ge=1, le=128)
    n_layer: int = Field(ge=0, le=64)
    norm: NormKind = "layer"
    norm_position: NormPosition = "pre"
    dropout: float = Field(default=0.0, ge=0, lt=1)
    linear_init_gain: float = Field(default=1.0, gt=0, le=100)
    embedding_init_std: float = Field(default=1.0, gt=0, le=100)
    equal_rows: bool = False
    bias: bool = False

    def __init__(self, /, **fields: Any) -> None:
        super().__init__(**fields)
        _check_more_than_noise(self)

    @model_validator(mode="after")
    def _heads_share_channels(self) -> "ModelConfig":
        if self.n_embd % self.n_head:
            fitting = [str(heads) for heads in range(1, 129) if self.n_embd % heads == 0]
            raise ValueError(
                f"n_head={self.n_head} does not divide n_embd={self.n_embd}; "
                f"choose one of {', '.join(fitting)}"
            )
        return self

    @property
    def weights(self) -> int:
        """How many numbers a model of this shape learns."""
        V, T, C, L = self.vocab_size, self.block_size, self.n_embd, self.n_layer
        norm = NORMS[self.norm]
        learned = sum(norm.sizes(C)[: len(norm.learns)])
        block = 12 * C * C + 2 * learned + (9 * C if self.bias else 0)
        return (2 * V + T) * C + L * block + learned + (V if self.bias else 0)


class TrainingConfig(_Config):
    """How a model is trained and how often it is recorded.

    `steps` optimizer steps on batches of `batch_size` windows; `learning_rate` is constant;
    `grad_clip` is the largest allowed global gradient norm (0: no clipping). About `snapshots`
    steps are recorded, fewer if they would not fit into `snapshot_budget` bytes. Validation loss is
    measured at recorded steps at least `eval_interval` steps apart. `threads` is the number of CPU
    threads: the same number gives the same bits. The default is 1: in small models more threads
    wait for each other, and much longer on a machine that also serves pages.
    """

    steps: int = Field(default=1000, ge=1, le=MAX_STEPS)
    batch_size: int = Field(default=16, ge=1, le=65_536)
    learning_rate: float = Field(default=1e-3, gt=0)
    optimizer: Optimizer = "adamw"
    weight_decay: float = Field(default=0.0, ge=0)
    grad_clip: float = Field(default=0.0, ge=0)
    seed: int = Field(default=1337, ge=0, lt=2**63)
    snapshots: int = Field(default=120, ge=2, le=100_000)
    snapshot_budget: int = Field(default=256 * 2**20, ge=1)
    eval_interval: int = Field(default=1, ge=1)
    threads: int = Field(default=1, ge=1, le=256)


class MapConfig(_Config):
    """A map over time of one of a run's tables, by a method that takes time.

    `rows` are the ids of the rows on it, all when empty. `n_neighbors` counts a row as its own
    first neighbour, as UMAP does. `smoothness` applies to "umap" only, and is small by default: at
    10, the map of untrained rows already shows the neighbours that training makes. `min_dist`
    applies to "umap" and "aligned", at most 1, umap-learn's spread.
    """

    table: Table = "tokens"
    method: MapMethod = "umap"
    rows: tuple[int, ...] = ()
    dimensions: int = Field(default=2, ge=2, le=3)
    n_neighbors: int = Field(default=15, ge=2, le=10_000)
    min_dist: float = Field(default=0.1, ge=0, le=1)
    smoothness: float = Field(default=0.3, ge=0)
    seed: int = Field(default=0, ge=0, lt=2**31)


def _check_more_than_noise(config: ModelConfig) -> None:
    """ValueError where a table's gradient is 0: AdamW would make a drift out of rounding.

    A mean over channels takes away the only one; a mean over the batch the only position's row.
    """
    norm = NORMS[config.norm]
    if norm.centres and norm.within_token and config.n_embd == 1:
        why, least = "one number minus its own mean is always 0", "n_embd=2"
    elif norm.centres and norm.over_batch and config.block_size == 1:
        why, least = "the only position's row goes with the mean", "block_size=2"
    else:
        return
    name = least.partition("=")[0]
    raise ValueError(
        f"{name}=1 with {norm.title} learns nothing there: {why}; "
        f"choose {least} or more, or another norm"
    )


def _sentence(error: ValidationError, known: list[str]) -> str:
    """The first error as a sentence with the field, the rule and the value."""
    problem = error.errors(include_url=False)[0]
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{name} is missing"
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {name[:20]!r}; there are {', '.join(known)}"
    rule = problem["msg"].removeprefix("Input should be ")
    return f"{name} must be {rule}, got {repr(problem['input'])[:60]}"
