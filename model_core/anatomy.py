"""What a model has and where: the names of its modules and parameters, which every reader asks.

A site is a module's name as `taps` takes it: its output, or with ":in" what enters it. Blocks,
norms and layers stand in the order of computing.
"""

from dataclasses import dataclass
from functools import lru_cache

from torch import Tensor

from model_core.config import ModelConfig, Table
from model_core.norms import NORMS


@dataclass(frozen=True)
class Heads:
    """The H = `count` attention heads of one block, each of `size` channels.

    `qkv` puts out queries, keys and values. `scores` and `weights` (B, H, T, T) are sites before
    and after mask and softmax. `output` is W_O: what enters it are the heads' outputs side by side.
    """

    count: int
    size: int
    qkv: str
    scores: str
    weights: str
    output: str

    def split(self, qkv: Tensor) -> Tensor:
        """Queries, keys and values (3, H, T, size) in what `qkv` puts out, (T, 3C)."""
        return qkv.unflatten(-1, (3, self.count, -1)).permute(1, 2, 0, 3)

    def channels(self, head: int) -> slice:
        """The channels of one head in what enters `output`."""
        return slice(head * self.size, (head + 1) * self.size)


@dataclass(frozen=True)
class Layer:
    """A module, and the norm whose output it receives: None where nothing is normalized before."""

    name: str
    norm: str | None


@dataclass(frozen=True)
class Block:
    """One block: `units` is the site behind the ReLU of its feed-forward network, (B, T, 4C).

    `middle` and `end` are sites of the residual stream, behind attention and feed-forward.
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

    `embedding` is the site where the residual stream begins, `head` the layer that puts out logits.
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
        """K norms."""
        return (*(norm for block in self.blocks for norm in block.norms), self.final_norm)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that norms feed: attention and feed-forward of each block, the head."""
        inside = (layer for one in self.blocks for layer in (one.attention, one.feed_forward))
        return (*inside, self.head)

    def layer(self, name: str) -> Layer:
        """One of them; ValueError for a name that is none."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        some = ", ".join(layer.name for layer in self.layers[:4])
        raise ValueError(f"no layer {name[:40]!r}; choose one of {some} ...")

    @property
    def depths(self) -> tuple[str, ...]:
        """The residual stream before the first block and behind each: L + 1 sites."""
        return (self.embedding, *(block.end for block in self.blocks))

    @property
    def stream(self) -> tuple[str, ...]:
        """The same with the middle of each block, and behind the final norm: D = 2L + 2 sites."""
        inside = (site for block in self.blocks for site in (block.middle, block.end))
        return (self.embedding, *inside, self.final_norm)

    @property
    def parts(self) -> tuple[str, ...]:
        """The modules that together have every parameter, each once; a block is one."""
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


def short(name: str) -> str:
    """A part or site in few letters, as many stand along one axis: "tokens", "0.ln1"."""
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
