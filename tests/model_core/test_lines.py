"""The model's own code while it reads: lines of the source, values against hooks and by hand."""

import inspect
import sys
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import vmap

from model_core.config import ModelConfig
from model_core.lines import Call, follow, measured, read_lines, small
from model_core.model import BigramLanguageModel
from model_core.norms import KINDS
from model_core.taps import tapped

IDS = torch.tensor([1, 4, 2, 0, 3])
SHAPE = ModelConfig(vocab_size=5, block_size=6, n_embd=8, n_head=2, n_layer=2)


def model_of(**change: object) -> BigramLanguageModel:
    torch.manual_seed(0)
    return BigramLanguageModel(SHAPE.replaced(**change)).eval()


def value(calls: list[Call], module: str, function: str, name: str) -> Tensor:
    """The last tensor of this name in the call of a module's function."""
    (call,) = [one for one in calls if one.module == module and one.function.endswith(function)]
    *_, found = [one.value for one in call.values if one.name == name]
    assert isinstance(found, Tensor)
    return found


@pytest.mark.parametrize("position", ["pre", "post"])
@pytest.mark.parametrize("norm", KINDS)
def test_what_each_function_returns_is_what_hooks_see(norm: str, position: str) -> None:
    model = model_of(norm=norm, norm_position=position)
    block = model.anatomy.blocks[1]
    sites = [block.name, *block.norms, block.attention.name, block.feed_forward.name]
    sites.append(model.anatomy.final_norm)
    with tapped(model, *sites, *(heads.weights for heads in model.anatomy.heads)) as seen:
        logits = model(IDS[None])[0]
    calls = follow(model, IDS, 1)
    for site in sites:
        assert torch.equal(value(calls, site, "forward", "return"), seen[site])
    assert torch.equal(value(calls, "", "forward", "logits"), logits)
    weights = value(calls, block.attention.name, "_explicit", "weights")
    assert torch.equal(weights, seen[block.heads.weights])
    assert [call.function for call in calls][:3] == [
        "BigramLanguageModel.forward", "BigramLanguageModel.embed", "Block.forward"
    ]  # fmt: skip


def test_a_value_is_of_the_moment_of_its_line() -> None:
    """By hand, from the weights alone: `x` of a block changes twice."""
    model = model_of()
    table, positions = model.token_embedding_table.weight, model.position_embedding_table.weight
    start = (table[IDS] + positions[:5])[None].detach()
    calls = follow(model, IDS, 0)
    (block,) = [call for call in calls if call.function == "Block.forward"]
    first, second, third = [one.value for one in block.values if one.name == "x"]
    assert isinstance(first, Tensor) and isinstance(third, Tensor)
    assert torch.equal(first, start) and torch.equal(first, second)  # type: ignore[arg-type]
    norm = torch.nn.functional.layer_norm(start, (8,))
    qkv = norm @ model.get_parameter("blocks.0.sa.qkv.weight").T
    query, key, _ = qkv.view(5, 3, 2, 4).permute(1, 2, 0, 3)
    torch.testing.assert_close(value(calls, "blocks.0.sa", "forward", "query")[0], query)
    scores = query @ key.transpose(-2, -1) / 2
    torch.testing.assert_close(value(calls, "blocks.0.sa", "_explicit", "scores")[0], scores)
    sizes = {one.name: one.value for call in calls for one in call.values if one.name in "BTC"}
    assert sizes == {"B": 1, "T": 5, "C": 8}


def test_lines_are_those_of_the_function_and_only_those_that_ran_count_as_run() -> None:
    calls = follow(model_of(), IDS, 0)
    (block,) = [call for call in calls if call.function == "Block.forward"]
    source = inspect.getsource(type(model_of().blocks[0]).forward).splitlines()
    assert [line.strip() for line in block.lines] == [line.strip() for line in source]
    texts = [block.lines[at] for at in block.skipped]
    assert sorted("self.post" not in text for text in texts) == [True, True]
    assert all("self.ln1(x + self.sa(x))" in text or "self.ln2(x +" in text for text in texts)
    post = follow(model_of(norm_position="post"), IDS, 0)
    (other,) = [call for call in post if call.function == "Block.forward"]
    assert not set(texts) & {other.lines[at] for at in other.skipped}
    assert not block.ran & block.skipped


def test_mean_and_std_are_of_all_numbers_also_of_many_models_at_once() -> None:
    models = [model_of().double() for _ in range(2)]
    with torch.no_grad():
        models[1].lm_head.weight.mul_(3)
    stack = {
        name: torch.stack([dict(one.named_parameters())[name] for one in models])
        for name, _ in models[0].named_parameters()
    }
    sight = partial(read_lines, ids=IDS, layer=1)

    def at(weights: dict[str, Tensor]) -> dict[str, Tensor]:
        return torch.func.functional_call(_Sight(models[0], sight), weights, ())

    together = vmap(at)({f"model.{name}": one for name, one in stack.items()})
    for n, model in enumerate(models):
        values = [one.numpy().astype(float) for one in measured(follow(model, IDS, 1))]
        np.testing.assert_allclose(together["mean"][n], [one.mean() for one in values], atol=1e-12)
        np.testing.assert_allclose(together["std"][n], [one.std() for one in values], atol=1e-12)


class _Sight(torch.nn.Module):
    def __init__(self, model: BigramLanguageModel, sight: partial[dict[str, Tensor]]) -> None:
        super().__init__()
        self.model, self.sight = model, sight

    def forward(self) -> dict[str, Tensor]:
        with tapped(self.model, *(heads.weights for heads in self.model.anatomy.heads)):
            return self.sight(self.model)


def test_a_picture_has_positions_downward_and_heads_side_by_side() -> None:
    heads = torch.arange(12.0).view(1, 2, 3, 2)  # (B, H, T, head_size)
    assert small(heads).tolist() == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]]
    assert small(torch.eye(2)).tolist() == [[1, 0], [0, 1]]
    wide = torch.arange(96.0).repeat(1, 30, 1)
    assert small(wide).shape == (24, 48) and small(wide)[0, :2].tolist() == [0.5, 2.5]


def test_a_tracer_that_was_there_is_there_afterwards() -> None:
    before = sys.gettrace()

    def other(*_: object) -> None:
        return None

    sys.settrace(other)
    try:
        follow(model_of(n_layer=0), IDS, 0)
        assert sys.gettrace() is other
    finally:
        sys.settrace(before)
