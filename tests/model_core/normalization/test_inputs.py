"""What layers receive, against hooks of our own and the formulas."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_core.anatomy import anatomy_of
from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.normalization import (
    read_inputs,
)
from model_core.runs import Run
from model_core.runs.history import History
from tests.support.norms import norms, positions, scrambled
from tests.support.refusals import refusal

IDS = torch.tensor([3, 0, 10, 3, 5])
LAYERS = ("blocks.0.sa", "blocks.0.ffwd", "blocks.1.sa", "blocks.1.ffwd", "lm_head")
NORMS = ("blocks.0.ln1", "blocks.0.ln2", "blocks.1.ln1", "blocks.1.ln2", "ln_f")


def received(model: BigramLanguageModel) -> dict[str, Tensor]:
    """What each layer and each norm is given, and what each norm puts out: (T, C), by hooks."""
    heard: dict[str, Tensor] = {}

    def hear(name: str, _module: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
        heard[name], heard[f"{name} out"] = given[0][0].clone(), out[0].clone()

    names = (*LAYERS, *NORMS)
    modules = [(name, model.get_submodule(name)) for name in names]
    hooks = [module.register_forward_hook(partial(hear, name)) for name, module in modules]
    with torch.no_grad():
        model(IDS[None])
    for hook in hooks:
        hook.remove()
    return heard


@norms
@positions
def test_a_layer_receives_what_the_norm_before_it_puts_out(norm: str, position: str) -> None:
    model = scrambled(norm=norm, norm_position=position)
    heard = received(model)
    for layer in LAYERS:
        seen, before = read_inputs(model, IDS, layer), model.anatomy.layer(layer).norm
        torch.testing.assert_close(seen["input"], heard[layer], rtol=0, atol=0)
        torch.testing.assert_close(seen["stream"], heard[before or layer], rtol=0, atol=0)
        torch.testing.assert_close(seen["input"], heard[f"{before} out" if before else layer])


def test_a_norm_before_a_layer_is_its_own_or_the_one_behind_the_layer_before() -> None:
    sizes: dict[str, Any] = {"vocab_size": 2, "block_size": 2, "n_embd": 2, "n_head": 1}
    before = {
        position: [
            layer.norm
            for layer in anatomy_of(ModelConfig(**sizes, n_layer=2, norm_position=position)).layers
        ]
        for position in ("pre", "post")
    }
    assert before["pre"] == list(NORMS)
    assert before["post"] == [None, *NORMS[:3], "ln_f"]
    without = anatomy_of(ModelConfig(**sizes, n_layer=2, norm="none"))
    assert [without.layer(name).norm for name in LAYERS] == [None] * 5


@positions
def test_the_feed_forward_network_of_a_block_receives_what_the_formula_says(position: str) -> None:
    model = scrambled(norm_position=position)
    weights, post = model.state_dict(), position == "post"
    seen = read_inputs(model, IDS, "blocks.0.ffwd")

    def normalized(x: Tensor, norm: str) -> Tensor:
        name = f"blocks.0.{norm}"
        return F.layer_norm(x, (6,)) * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    with torch.no_grad():
        x = model.embed(IDS[None])
        stream = x + model.get_submodule("blocks.0.sa")(x if post else normalized(x, "ln1"))
        expected = normalized(stream, "ln1" if post else "ln2")
    torch.testing.assert_close(seen["stream"], stream[0])
    torch.testing.assert_close(seen["input"], expected[0])


@pytest.mark.parametrize("layer", LAYERS)
def test_all_recorded_steps_read_as_each_model_alone(recorded: Run, layer: str) -> None:
    seen = History().read(recorded, recorded.steps, partial(read_inputs, layer=layer), IDS)
    for at, model in enumerate(recorded.models(recorded.steps)):
        for side, values in read_inputs(model, IDS, layer).items():
            np.testing.assert_allclose(seen[side][at], values, atol=1e-5)


def test_without_blocks_there_is_the_output_layer_alone() -> None:
    model = BigramLanguageModel(
        ModelConfig(
            vocab_size=11, block_size=7, n_embd=6, n_head=1, n_layer=0, norm_position="post"
        )
    )
    assert [layer.name for layer in model.anatomy.layers] == ["lm_head"]
    with torch.no_grad():
        torch.testing.assert_close(
            read_inputs(model, IDS, "lm_head")["stream"], model.embed(IDS[None])[0]
        )


def test_a_layer_that_is_not_there_is_refused() -> None:
    assert refusal(read_inputs, scrambled(), IDS, "blocks.2.sa") == (
        "no layer 'blocks.2.sa'; choose one of blocks.0.sa, blocks.0.ffwd, blocks.1.sa, "
        "blocks.1.ffwd ..."
    )
