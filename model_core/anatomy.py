"""The structure of a model: the names of its modules and parameters, for every reader.

A site is a module's name as `taps` takes it: its output, or with ":in" its input. Blocks, norms
and layers are in the order of computing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from torch import Tensor

from model_core.config import ModelConfig, Table
from model_core.norms import LEARNED, NORMS

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")  # of a norm over the batch


@dataclass(frozen=True)
class Heads:
    """The H = `count` attention heads of one block, each of `size` channels.

    `qkv` computes queries, keys and values. `scores` and `weights` (B, H, T, T) are sites before
    and after mask and softmax. `output` is W_O: its input is the heads' outputs, concatenated.
    """

    count: int
    size: int
    qkv: str
    scores: str
    weights: str
    output: str

    def split(self, qkv: Tensor) -> Tensor:
        """Queries, keys and values (3, H, T, size) from the output of `qkv`, (T, 3C)."""
        return qkv.unflatten(-1, (3, self.count, -1)).permute(1, 2, 0, 3)

    def channels(self, head: int) -> slice:
        """The channels of one head in the input of `output`."""
        return slice(head * self.size, (head + 1) * self.size)


@dataclass(frozen=True)
class Layer:
    """A module, and the norm whose output is its input: None where its input is not normalized."""

    name: str
    norm: str | None


@dataclass(frozen=True)
class Block:
    """One block: `units` is the site after the ReLU of its feed-forward network, (B, T, 4C).

    `middle` and `end` are sites of the residual stream, after attention and feed-forward.
    """

    name: str
    norms: tuple[str, ...]
    attention: Layer
    heads: Heads
    middle: str
    feed_forward: Layer
    units: str
    end: str


@dataclass(frozen=True)
class Anatomy:
    """A whole model: `tokens` (V, C) and `positions` (T, C), if any, are parameters.

    `embedding` is the site where the residual stream begins, `head` the layer that gives logits.
    A norm of the kind "none" has a site like any other.
    """

    tokens: str
    positions: str | None
    embedding: str
    blocks: tuple[Block, ...]
    final_norm: str
    head: Layer

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.tokens, *([self.positions] if self.positions else []))

    def table(self, which: Table) -> str:
        """The parameter of an embedding table; ValueError for one that the model lacks."""
        name = self.tokens if which == "tokens" else self.positions
        if name is None:
            raise ValueError("this model has no table of positions")
        return name

    @property
    def heads(self) -> tuple[Heads, ...]:
        """The heads of each of L blocks."""
        return tuple(block.heads for block in self.blocks)

    @property
    def norms(self) -> tuple[str, ...]:
        """All K norms: those of each block, then the final one."""
        return (*(norm for block in self.blocks for norm in block.norms), self.final_norm)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers after a norm: attention and feed-forward of each block, then the head."""
        inside = (layer for one in self.blocks for layer in (one.attention, one.feed_forward))
        return (*inside, self.head)

    def layer(self, name: str) -> Layer:
        """The layer of this name; ValueError for an unknown one."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        some = ", ".join(layer.name for layer in self.layers[:4])
        raise ValueError(f"no layer {name[:40]!r}; choose one of {some} ...")

    @property
    def depths(self) -> tuple[str, ...]:
        """The residual stream before the first block and after each: L + 1 sites."""
        return (self.embedding, *(block.end for block in self.blocks))

    @property
    def stream(self) -> tuple[str, ...]:
        """The same with the middle of each block, and after the final norm: D = 2L + 2 sites."""
        inside = (site for block in self.blocks for site in (block.middle, block.end))
        return (self.embedding, *inside, self.final_norm)

    @property
    def parts(self) -> tuple[str, ...]:
        """The modules that together hold every parameter once; a block is one module."""
        tables = (name.rpartition(".")[0] for name in self.tables)
        norm = [self.final_norm] if self.head.norm else []
        return (*tables, *(block.name for block in self.blocks), *norm, self.head.name)


@lru_cache(maxsize=64)
def anatomy_of(config: ModelConfig) -> Anatomy:
    """The anatomy of a BigramLanguageModel."""
    normalizes = NORMS[config.norm].exists
    return Anatomy(
        tokens="token_embedding_table.weight",
        positions="position_embedding_table.weight",
        embedding="blocks:in",
        blocks=tuple(_block(config, index, normalizes) for index in range(config.n_layer)),
        final_norm="ln_f",
        head=Layer("lm_head", "ln_f" if normalizes else None),
    )


@lru_cache(maxsize=64)
def shapes_of(config: ModelConfig) -> Mapping[str, tuple[int, ...]]:
    """The shape of every parameter and buffer of a BigramLanguageModel, without making one.

    All are float32 but those of no axis, which count batches: int64.
    """
    V, T, C = config.vocab_size, config.block_size, config.n_embd
    anatomy, norm = anatomy_of(config), NORMS[config.norm]
    linear = {anatomy.head.name: (V, C)}
    for block in anatomy.blocks:
        wide = block.feed_forward.name
        linear |= {block.heads.qkv: (3 * C, C), block.heads.output: (C, C)}
        linear |= {f"{wide}.expand": (4 * C, C), f"{wide}.proj": (C, 4 * C)}
    shapes: dict[str, tuple[int, ...]] = {f"{name}.weight": size for name, size in linear.items()}
    if config.bias:
        shapes |= {f"{name}.bias": size[:1] for name, size in linear.items()}
    names = [LEARNED[one].parameter for one in norm.learns]
    names += BUFFERS[:2] * norm.over_batch
    for site in anatomy.norms:
        sizes = zip(names, norm.sizes(C), strict=True)
        shapes |= {f"{site}.{name}": (size,) for name, size in sizes}
        shapes |= {f"{site}.{BUFFERS[2]}": ()} if norm.over_batch else {}
    return dict(zip(anatomy.tables, ((V, C), (T, C)), strict=True)) | shapes


def parameter_shapes(config: ModelConfig) -> Mapping[str, tuple[int, ...]]:
    """Those of `shapes_of` that are learned: what a norm counts of its batches is not."""
    shapes = shapes_of(config).items()
    return {name: size for name, size in shapes if name.rpartition(".")[2] not in BUFFERS}


def parameter_counts(config: ModelConfig) -> Mapping[str, int]:
    """How many parameters each of `parts` has."""
    shapes = parameter_shapes(config).items()
    return {
        part: sum(math.prod(size) for name, size in shapes if name.startswith(f"{part}."))
        for part in anatomy_of(config).parts
    }


def short(name: str) -> str:
    """A short label of a part or site, as many share one axis: "tokens", "0.ln1"."""
    return name.removeprefix("blocks.").replace("_embedding_table", "s")


def _block(config: ModelConfig, index: int, normalizes: bool) -> Block:
    name = f"blocks.{index}"
    norms = (f"{name}.ln1", f"{name}.ln2")
    before: tuple[str | None, str | None] = norms
    if config.norm_position == "post":
        before = (f"blocks.{index - 1}.ln2" if index else None, norms[0])
    attention, feed_forward = before if normalizes else (None, None)
    return Block(
        name=name,
        norms=norms,
        attention=Layer(f"{name}.sa", attention),
        heads=Heads(
            count=config.n_head,
            size=config.n_embd // config.n_head,
            qkv=f"{name}.sa.qkv",
            scores=f"{name}.sa.scores",
            weights=f"{name}.sa.weights",
            output=f"{name}.sa.proj",
        ),
        middle=f"{name}.resid_mid",
        feed_forward=Layer(f"{name}.ffwd", feed_forward),
        units=f"{name}.ffwd.activation",
        end=f"{name}.resid_post",
    )
