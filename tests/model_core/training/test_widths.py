"""The statistics of a sweep: by hand, and against SciPy."""

import math

import numpy as np
import pytest
from scipy import stats

from model_core.prediction.gap import training_gap
from model_core.runs import Run
from model_core.runs.elapsed import seconds_at
from model_core.training.widths import enough, paired, spread
from tests.support.runs import new_run

LOSSES = np.array([[3.0, 3.2, 3.1], [2.0, 2.2, 2.4], [2.1, 2.0, 2.2], [2.5, math.nan, math.nan]])


def test_spread_agrees_with_scipy_and_counts_the_seeds() -> None:
    told = spread(LOSSES)
    assert told.seeds.tolist() == [3, 3, 3, 1]
    for at in range(3):
        assert told.mean[at] == pytest.approx(np.mean(LOSSES[at]))
        assert told.deviation[at] == pytest.approx(stats.tstd(LOSSES[at]))
        assert told.error[at] == pytest.approx(stats.sem(LOSSES[at]))
    assert (told.mean[3], math.isnan(told.deviation[3])) == (2.5, True)
    assert np.isnan(spread(np.full((1, 2), np.nan)).mean).all()


def test_the_smallest_size_within_one_standard_error_is_enough() -> None:
    # means 3.1, 2.2, 2.1, 2.5; the best's standard error is 0.1 / sqrt(3) = 0.058: 2.2 is outside
    assert enough(spread(LOSSES)) == (2, 2)
    near = LOSSES.copy()
    near[1] -= 0.05  # 2.15 is within
    assert enough(spread(near)) == (1, 2)
    assert enough(spread(LOSSES[:, :1])) == (1, 1)  # one seed: no error, the best alone
    assert enough(spread(np.full((2, 2), np.nan))) is None


def test_two_sizes_are_compared_seed_by_seed() -> None:
    before, after = np.array([2.0, 3.0, 4.0, math.nan]), np.array([1.9, 2.7, 3.9, 1.0])
    mean, error, count = paired(before, after)
    known = stats.ttest_rel(after[:3], before[:3])
    assert count == 3 and mean == pytest.approx((-0.1 - 0.3 - 0.1) / 3)
    assert mean / error == pytest.approx(known.statistic)
    assert math.isnan(paired(before[:1], after[:1])[1])
    assert math.isnan(paired(before[3:], after[3:])[0])


def test_the_gap_is_the_validation_loss_minus_one_measured_alike(induction: Run) -> None:
    step = int(induction.steps[-1])
    recorded = induction.metrics()["val_loss"].iloc[-1]
    ids, block = induction.tokenizer.encode(induction.text), induction.model_config.block_size
    train = ids[: len(ids) - len(ids) // 10]
    starts = np.linspace(0, len(train) - block - 1, 32).astype(int)  # as many windows
    model, total = induction.model_at(step), 0.0
    for start in starts:
        window = train[start : start + block + 1]
        total += _loss(model, window)
    assert recorded - training_gap(induction, step) == pytest.approx(total / len(starts), rel=1e-4)


def _loss(model: object, window: list[int]) -> float:
    import torch

    ids = torch.tensor([window])
    with torch.inference_mode():
        chances = model(ids[:, :-1])[0].double().softmax(-1)  # type: ignore[operator]
    return -float(chances[0, range(len(window) - 1), window[1:]].log().mean())


def test_seconds_are_tokens_by_speed_and_a_missing_speed_is_the_usual_one(
    recorded: Run,
) -> None:
    table, size = recorded.metrics(), 4 * 8
    by_hand, last = 0.0, 0
    speeds = dict(zip(table["step"], table["tokens_per_second"], strict=True))
    for step, seconds in zip(recorded.steps, seconds_at(recorded), strict=True):
        if step:
            by_hand += (step - last) * size / speeds[step]
        assert seconds == pytest.approx(by_hand)
        last = step


def test_without_any_speed_no_time_is_known(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert len(seconds_at(Run.open(new_run(tmp_path / "fox")))) == 0
