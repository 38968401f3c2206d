"""What is the same for a token in two texts, and what is not."""

import pytest
import torch

from model_core.prediction.comparison import compare
from model_core.prediction.lens import residuals
from tests.support.models import POSITIONS, config, scrambled

FIRST = torch.tensor([1, 10, 3, 3, 0, 7])
SECOND = torch.tensor([3, 5, 3, 2])


@pytest.mark.parametrize("position", POSITIONS)
def test_looked_up_rows_are_equal_and_computed_ones_differ(position: str) -> None:
    model = scrambled(config(norm_position=position)).eval()
    seen = compare(model, (FIRST, 2), (SECOND, 2)).set_index("site")
    assert seen["how"].tolist()[:3] == ["looked up", "looked up", "computed"]
    assert seen.loc[["token row", "position row", "their sum"], "difference"].eq(0).all()
    assert seen["difference"].iloc[3:].gt(1e-3).all()


def test_another_position_changes_the_sum_and_no_row_of_tokens() -> None:
    model = scrambled(config()).eval()
    seen = compare(model, (FIRST, 3), (SECOND, 0)).set_index("site")["difference"]
    table = model.position_embedding_table.weight
    apart = (table[3] - table[0]).abs().max().item()
    assert seen["token row"] == 0
    assert seen["position row"] == apart
    assert seen["their sum"] == pytest.approx(apart, abs=1e-6)


def test_with_the_same_past_even_what_is_computed_is_the_same() -> None:
    """Attention is causal: what comes later does not matter."""
    model = scrambled(config()).eval()
    other = torch.cat([FIRST[:4], torch.tensor([9, 9])])
    assert compare(model, (FIRST, 3), (other, 3))["difference"].max() < 1e-6


def test_differences_are_those_of_the_residual_stream_and_of_the_prediction() -> None:
    model = scrambled(config(n_layer=2)).eval()
    seen = compare(model, (FIRST, 5), (SECOND, 1))["difference"].tolist()
    first, second = residuals(model, FIRST)[:, 5], residuals(model, SECOND)[:, 1]
    assert seen[2:5] == pytest.approx((first - second).abs().amax(-1).tolist(), abs=1e-6)
    given = [model(ids[None])[0][0, at].softmax(-1) for ids, at in ((FIRST, 5), (SECOND, 1))]
    assert seen[5] == pytest.approx((given[0] - given[1]).abs().max().item(), abs=1e-7)


def test_without_layers_only_tables_and_prediction_are_compared() -> None:
    model = scrambled(config(n_layer=0)).eval()
    places = compare(model, (FIRST, 2), (SECOND, 2))["site"].tolist()
    assert places == ["token row", "position row", "their sum", "next-token probabilities"]
