"""What a sentence is on its way through a model, against the model's own parts."""

import math
from functools import partial

import numpy as np
import pytest
import torch

from model_core.attention import attend
from model_core.prediction.flow import read_flow
from model_core.taps import tapped
from tests.support.models import NORMS, POSITIONS, config, scrambled
from tests.support.stacked import alone_and_stacked

IDS = torch.tensor([1, 10, 3, 3, 0, 7, 5, 5])


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("position", POSITIONS)
def test_every_part_is_what_the_model_itself_has_there(norm: str, position: str) -> None:
    model = scrambled(config(norm=norm, norm_position=position)).eval()
    seen = read_flow(model, IDS, count=3)
    with tapped(model, "blocks:in", "blocks.*.resid_post") as sites:
        given = model(IDS[None])[0][0].softmax(-1).detach().double()
    tokens, positions = model.token_embedding_table.weight, model.position_embedding_table.weight
    assert torch.equal(seen["rows"], (tokens[IDS] + positions[:8]).detach())
    lengths = [[math.hypot(*row.tolist()) for row in stream[0]] for stream in sites.values()]
    np.testing.assert_allclose(seen["sizes"], lengths, rtol=1e-5)
    np.testing.assert_allclose(seen["weights"], attend(model, IDS).weights, atol=1e-6)
    order = np.argsort(-given.numpy(), axis=1)[:, :3]
    assert seen["next"].tolist() == order.tolist()
    np.testing.assert_allclose(seen["chances"], np.take_along_axis(given.numpy(), order, 1), 1e-5)
    follow = [given[at, IDS[at + 1]].item() for at in range(7)]
    np.testing.assert_allclose(seen["true"], [*follow, math.nan], 1e-5)


def test_a_model_without_layers_has_rows_and_a_prediction() -> None:
    seen = read_flow(scrambled(config(n_layer=0)).eval(), IDS, count=99)
    assert seen["weights"].shape == (0, 3, 8, 8) and seen["sizes"].shape == (1, 8)
    assert seen["next"].shape == (8, 11), "no more than there are tokens"


def test_models_side_by_side_see_what_each_sees_alone() -> None:
    models = [scrambled(config(), seed).eval() for seed in range(3)]
    alone, stacked = alone_and_stacked(partial(read_flow, count=3), models, IDS)
    for name in alone:
        np.testing.assert_allclose(stacked[name], alone[name], rtol=1e-5, atol=1e-6, err_msg=name)
