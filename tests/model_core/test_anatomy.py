"""The anatomy against the model itself: names, shapes, and the order in which modules compute."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from model_core.anatomy import Anatomy, anatomy_of, parameter_counts, shapes_of, short
from model_core.config import ModelConfig, NormPosition
from model_core.model import BigramLanguageModel
from model_core.norms import KINDS
from model_core.taps import tapped

IDS = torch.tensor([[1, 4, 2, 0, 3], [3, 3, 0, 1, 4]])
SHAPE = ModelConfig(vocab_size=5, block_size=6, n_embd=8, n_head=2, n_layer=3)
CONFIGS = [
    SHAPE.replaced(n_layer=n_layer, norm=norm, norm_position=position)
    for n_layer, position, norm in product((0, 1, 3), get_args(NormPosition), KINDS)
]


@pytest.fixture(params=CONFIGS, ids=lambda c: f"{c.n_layer}-{c.norm_position}-{c.norm}")
def model(request: pytest.FixtureRequest) -> BigramLanguageModel:
    torch.manual_seed(0)
    return BigramLanguageModel(request.param).eval()


def modules_of(anatomy: Anatomy) -> list[str]:
    """Every module that the anatomy names, a block behind what is inside it."""
    names = [name.rpartition(".")[0] for name in anatomy.tables]
    for block in anatomy.blocks:
        heads = block.heads
        names += [*block.norms, block.attention.name, block.feed_forward.name, block.units]
        names += [heads.qkv, heads.scores, heads.weights, heads.output, block.middle, block.end]
        names.append(block.name)
    return [*names, anatomy.final_norm, anatomy.head.name]


def computed(model: BigramLanguageModel, *sites: str) -> list[str]:
    """The sites in the order in which a pass reaches them."""
    with tapped(model, *sites) as seen:
        model(IDS)
    return list(seen)


@pytest.mark.parametrize("bias", [False, True])
def test_shapes_are_those_of_the_model_itself(model: BigramLanguageModel, bias: bool) -> None:
    config = model.config.replaced(bias=bias)
    state = BigramLanguageModel(config).state_dict()
    assert {name: tuple(one.shape) for name, one in state.items()} == shapes_of(config)
    for name, tensor in state.items():
        assert tensor.dtype == (torch.float32 if shapes_of(config)[name] else torch.int64)


def test_parameters_are_counted_as_the_model_has_them(model: BigramLanguageModel) -> None:
    counted = {
        part: sum(one.numel() for one in model.get_submodule(part).parameters())
        for part in model.anatomy.parts
    }
    assert parameter_counts(model.config) == counted
    assert sum(counted.values()) == sum(one.numel() for one in model.parameters())


def test_the_anatomy_names_what_the_model_has(model: BigramLanguageModel) -> None:
    """Nothing else, and all that has a parameter: each lies in one part, each table is one."""
    names = dict(model.named_modules())
    assert set(modules_of(model.anatomy)) <= set(names)
    parameters = dict(model.named_parameters())
    assert {name.rpartition(".")[0] for name in parameters} <= {
        *modules_of(model.anatomy),
        *(f"{block.feed_forward.name}.{part}" for block in model.anatomy.blocks
          for part in ("expand", "proj")),
    }  # fmt: skip
    in_parts = [
        f"{part}.{name}"
        for part in model.anatomy.parts
        for name, _ in model.get_submodule(part).named_parameters()
    ]
    assert sorted(in_parts) == sorted(parameters)
    assert [tuple(parameters[name].shape) for name in model.anatomy.tables] == [(5, 8), (6, 8)]


def test_norms_layers_and_the_stream_stand_in_the_order_of_computing(
    model: BigramLanguageModel,
) -> None:
    anatomy = model.anatomy
    shape = model.config
    assert len(anatomy.norms) == 2 * shape.n_layer + 1
    assert computed(model, *reversed(anatomy.norms)) == list(anatomy.norms)
    layers = [layer.name for layer in anatomy.layers]
    assert len(layers) == 2 * shape.n_layer + 1
    assert computed(model, *reversed(layers)) == layers
    assert len(anatomy.depths) == shape.n_layer + 1
    assert computed(model, *reversed(anatomy.depths)) == list(anatomy.depths)
    assert len(anatomy.stream) == 2 * shape.n_layer + 2
    assert computed(model, *reversed(anatomy.stream)) == list(anatomy.stream)


def test_a_norm_is_what_a_layer_receives(model: BigramLanguageModel) -> None:
    """To the bit; without a norm it is the residual stream, of which a norm of "none" is a part."""
    anatomy = model.anatomy
    inputs = {layer.name: f"{layer.name}:in" for layer in anatomy.layers}
    with tapped(model, *inputs.values(), *anatomy.norms, *anatomy.stream) as seen:
        model(IDS)
    for at, layer in enumerate(anatomy.layers):
        before = layer.norm or anatomy.stream[at]
        assert torch.equal(seen[inputs[layer.name]], seen[before])
    expected = sum(layer.norm is not None for layer in anatomy.layers)
    post = model.config.norm_position == "post"
    first_has_none = post and model.config.n_layer > 0
    assert expected == (0 if model.config.norm == "none" else len(anatomy.layers) - first_has_none)


def test_the_stream_ends_in_the_logits(model: BigramLanguageModel) -> None:
    """Behind the last block the final norm and the head give what the model gives."""
    anatomy = model.anatomy
    with tapped(model, *anatomy.depths, *anatomy.stream) as seen:
        logits, _ = model(IDS)
    assert torch.equal(seen[anatomy.depths[0]], model.embed(IDS))
    norm, head = (model.get_submodule(name) for name in (anatomy.final_norm, anatomy.head.name))
    assert torch.equal(norm(seen[anatomy.depths[-1]]), seen[anatomy.stream[-1]])
    assert torch.equal(head(seen[anatomy.stream[-1]]), logits)


def test_heads_are_taken_apart_as_the_model_does_it(model: BigramLanguageModel) -> None:
    """Queries and keys give the scores; values, weighted, what enters the output projection."""
    heads = model.anatomy.heads
    assert len(heads) == model.config.n_layer
    sites = [(one.qkv, one.scores, one.weights, f"{one.output}:in") for one in heads]
    with tapped(model, *(site for some in sites for site in some)) as seen:
        model(IDS)
    for one, (qkv, scores, weights, output) in zip(heads, sites, strict=True):
        queries, keys, values = one.split(seen[qkv][1])
        assert queries.shape == keys.shape == values.shape == (one.count, 5, one.size) == (2, 5, 4)
        torch.testing.assert_close(queries @ keys.mT / one.size**0.5, seen[scores][1])
        for head in range(one.count):
            own = seen[output][1][:, one.channels(head)]
            torch.testing.assert_close(seen[weights][1, head] @ values[head], own)


def test_units_are_behind_the_relu(model: BigramLanguageModel) -> None:
    units = [block.units for block in model.anatomy.blocks]
    with tapped(model, *units, *(f"{site}:in" for site in units)) as seen:
        model(IDS)
    for site in units:
        assert seen[site].shape == (2, 5, 32)
        assert torch.equal(seen[f"{site}:in"].relu(), seen[site])


def test_a_table_that_a_model_lacks_is_refused() -> None:
    anatomy = replace(anatomy_of(SHAPE), positions=None)
    assert anatomy.tables == (anatomy.table("tokens"),)
    with pytest.raises(ValueError, match="no table of positions"):
        anatomy.table("positions")


def test_short_names_fit_an_axis() -> None:
    anatomy = anatomy_of(SHAPE)
    assert [short(name) for name in anatomy.parts] == ["tokens", "positions", "0", "1", "2",
                                                       "ln_f", "lm_head"]  # fmt: skip
    assert [short(name) for name in anatomy.norms[:2]] == ["0.ln1", "0.ln2"]


def test_a_pass_stops_as_soon_as_all_is_heard(model: BigramLanguageModel) -> None:
    """What was heard is the same, what lies deeper is not computed, no hook is left."""
    anatomy = model.anatomy
    with tapped(model, *anatomy.stream) as whole:
        model(IDS)
    heard: list[str] = []

    def note(_module: nn.Module, _inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        heard.append("head")

    hook = model.get_submodule(anatomy.head.name).register_forward_hook(note)
    with tapped(model, *anatomy.stream[:-1], stop=True) as seen:
        model(IDS)
        raise AssertionError("the pass went on")
    hook.remove()
    assert heard == []
    assert all(torch.equal(seen[site], whole[site]) for site in anatomy.stream[:-1])
    assert list(seen) == list(anatomy.stream[:-1])
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
