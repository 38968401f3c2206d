"""Tests of edits, against a model that is loaded with changed weights, in plain torch."""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from model_core.attention import attend
from model_core.embeddings.edits import (
    Edit,
    Replaced,
    Shuffled,
    Swapped,
    Zeroed,
    edited,
    loss,
    moved,
    reading,
)
from model_core.model import BigramLanguageModel
from model_core.runs import Run

Tables = dict[str, torch.Tensor]
TOKENS, POSITIONS = "token_embedding_table.weight", "position_embedding_table.weight"


def zeroed(tables: Tables) -> None:
    tables[POSITIONS] = torch.zeros(8, 6)


def shuffled(tables: Tables) -> None:
    order = torch.randperm(8, generator=torch.Generator().manual_seed(3)).tolist()
    tables[POSITIONS] = torch.stack([tables[POSITIONS][row] for row in order])


def swapped(tables: Tables) -> None:
    rows = list(range(len(tables[TOKENS])))
    rows[2], rows[5] = 5, 2
    tables[TOKENS] = torch.stack([tables[TOKENS][row] for row in rows])


def one_number(tables: Tables) -> None:
    tables[TOKENS][4, 1] = 7.5


def one_position(tables: Tables) -> None:
    tables[POSITIONS][0, 2] = -2.0


EDITS: list[tuple[Edit, Callable[[Tables], None]]] = [
    (Zeroed(), zeroed),
    (Shuffled(3), shuffled),
    (Swapped(2, 5), swapped),
    (Replaced("tokens", 4, 1, 7.5), one_number),
    (Replaced("positions", 0, 2, -2.0), one_position),
]


def by_hand(run: Run, change: Callable[[Tables], None]) -> BigramLanguageModel:
    """A second model with its own, changed weights."""
    model = BigramLanguageModel(run.model_config).eval()
    tables = {name: value.clone() for name, value in run.weights(int(run.steps[-1])).items()}
    change(tables)
    model.load_state_dict(tables)
    return model


@pytest.mark.parametrize(("edit", "change"), EDITS)
def test_loss_prediction_and_attention_are_those_of_a_model_with_such_weights(
    recorded: Run, edit: Edit, change: Callable[[Tables], None]
) -> None:
    model, other = recorded.model_at(int(recorded.steps[-1])), by_hand(recorded, change)
    idx, targets = recorded.validation_windows()
    ids = idx[0]
    with edited(model, edit):
        found, seen = loss(model, idx, targets), reading(model, ids)
    with torch.no_grad():
        logits = other(idx)[0]
        known = F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item()
    assert found == pytest.approx(known, abs=1e-5)
    assert found != pytest.approx(loss(model, idx, targets), abs=1e-6)
    np.testing.assert_allclose(seen.probabilities, logits[0].softmax(-1).numpy(), atol=1e-5)
    np.testing.assert_allclose(seen.weights, attend(other, ids).weights, atol=1e-5)


@pytest.mark.parametrize("edit", [edit for edit, _ in EDITS])
def test_the_model_is_as_before_after_the_block_also_when_it_fails(
    recorded: Run, edit: Edit
) -> None:
    model = recorded.model_at(int(recorded.steps[-1]))
    before, held = deepcopy(model.state_dict()), model.state_dict()
    with pytest.raises(RuntimeError), edited(model, edit):
        assert all(torch.equal(before[name], held[name]) for name in before)  # no tensor written
        raise RuntimeError
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Swapped(0, 27), r"token must be in \[0, 27\), got 27"),
        (Replaced("positions", 8, 0, 1.0), r"row must be in \[0, 8\), got 8"),
        (Replaced("tokens", 0, -1, 1.0), r"channel must be in \[0, 6\), got -1"),
    ],
)
def test_a_row_or_channel_that_there_is_not_is_refused(
    recorded: Run, edit: Edit, said: str
) -> None:
    model = recorded.model_at(0)
    with pytest.raises(ValueError, match=said), edited(model, edit):
        pass


def test_swapped_rows_read_a_text_as_the_model_reads_it_with_these_tokens_exchanged(
    recorded: Run,
) -> None:
    model, ids = recorded.model_at(int(recorded.steps[-1])), torch.tensor([1, 2, 5, 2, 3])
    with edited(model, Swapped(2, 5)):
        seen = reading(model, ids)
    exchanged = reading(model, torch.tensor([1, 5, 2, 5, 3]))
    np.testing.assert_array_equal(seen.probabilities, exchanged.probabilities)


def test_what_moved_is_half_the_sum_of_differences() -> None:
    before = np.array([[[[1.0, 0.0], [0.5, 0.5]]]])
    after = np.array([[[[1.0, 0.0], [1.0, 0.0]]]])
    assert moved(before, after).tolist() == [[0.25]]  # nothing of query 0, half of query 1
    assert moved(before, before).tolist() == [[0.0]]


def test_a_model_without_layers_is_read_without_weights(recorded: Run) -> None:
    model = BigramLanguageModel(recorded.model_config.replaced(n_layer=0)).eval()
    assert reading(model, torch.tensor([1, 2])).weights.shape == (0, 0, 2, 2)
