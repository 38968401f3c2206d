"""What follows a token: counted by hand, and read with one model after the other."""

import numpy as np
import torch

from model_core.prediction.pairs import commonest_pair, contexts, followers, read_next
from model_core.runs import Run
from model_core.runs.history import History
from tests.support.refusals import refusal

IDS = np.array([2, 0, 1, 0, 1, 0, 2, 2, 2])


def test_followers_are_counted() -> None:
    assert followers(IDS, 0, 4).tolist() == [0, 2, 1, 0]
    assert followers(IDS, 3, 4).tolist() == [0, 0, 0, 0]


def test_the_commonest_pair_is_of_two_different_tokens_asked_about() -> None:
    assert commonest_pair(IDS, np.arange(3)) == (0, 1)  # as often as (1, 0), and first
    assert commonest_pair(IDS, np.array([0, 2])) == (0, 2)
    assert commonest_pair(IDS, np.array([2])) is None


def test_contexts_end_with_the_token() -> None:
    assert contexts(IDS, 0, 3).tolist() == [[0, 1, 0], [0, 1, 0]]
    assert contexts(IDS, 2, 2, count=2).tolist() == [[0, 2], [2, 2]]
    assert "after 8 others" in refusal(contexts, IDS, 0, 9)


def test_what_comes_next_is_the_mean_of_what_each_model_expects(recorded: Run) -> None:
    ids = recorded.split().train.numpy()
    parts = torch.from_numpy(contexts(ids, int(ids[0]), recorded.model_config.block_size, 7))
    found = History().read(recorded, recorded.steps, read_next, parts)["next"]
    for step, next_ in zip(recorded.steps, found, strict=True):
        model = recorded.model_at(int(step))
        with torch.no_grad():
            each = [model(part[None])[0][0, -1].softmax(0) for part in parts]
        np.testing.assert_allclose(next_, torch.stack(each).mean(0), atol=1e-6)
