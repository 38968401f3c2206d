from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from model_core.embeddings.lookup import entering, refusal
from tests.support.models import config, scrambled

IDS = torch.tensor([3, 0, 10, 3, 7])


@pytest.mark.parametrize("changes", [{}, {"n_layer": 0}, {"norm_position": "post"}], ids=str)
def test_what_enters_the_first_block_is_the_sum_of_two_rows(changes: dict[str, Any]) -> None:
    model = scrambled(config(**changes))
    tokens, positions = (
        table.weight.detach().numpy()
        for table in (model.token_embedding_table, model.position_embedding_table)
    )
    one_hot = F.one_hot(IDS, len(tokens)).numpy().astype(np.float32)  # (T, V)
    by_hand = one_hot @ tokens + positions[: len(IDS)]
    np.testing.assert_array_equal(entering(model, IDS), by_hand)


def test_a_forward_hook_of_plain_torch_sees_the_same() -> None:
    model, seen = scrambled(config()), []
    hook = model.blocks.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))
    with torch.no_grad():
        model(IDS[None])
    hook.remove()
    np.testing.assert_array_equal(entering(model, IDS), seen[0][0].numpy())


def test_torch_refuses_every_id_outside_of_the_table_and_no_other() -> None:
    embedding = torch.nn.Embedding(27, 5)
    for row in (-1, 27, 28, 10**9, -(10**9)):
        with pytest.raises(IndexError) as raised:
            embedding(torch.tensor([row]))
        assert refusal(row, 27) == str(raised.value) != ""
    assert [refusal(row, 27) for row in range(27)] == [""] * 27
