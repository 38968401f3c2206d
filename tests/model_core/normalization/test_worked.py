"""Worked normalizations by hand, against torch's modules and against scikit-learn."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from model_core.normalization import (
    Kind,
    Running,
    Worked,
    apart,
    by_reference,
    running_after,
    running_by_torch,
    undo,
)
from model_core.normalization.worked import KINDS, worked

X = np.array([[2.0, 4.0, 6.0, 8.0], [1.0, 3.0, 5.0, 7.0], [9.0, -1.0, 0.0, 4.0]])
GAMMA, BETA = np.array([1.0, 2.0, -0.5, 3.0]), np.array([0.0, 1.0, -1.0, 10.0])
LEARNED: dict[Kind, dict[str, Any]] = {
    "batch": {"gamma": GAMMA, "beta": BETA},
    "layer": {"gamma": GAMMA, "beta": BETA},
    "rms": {"gamma": GAMMA},
}
# Few decimals: what is constant is exactly so, and no variance is of rounding alone.
tables = (
    st.integers(2, 5)
    .flatmap(
        lambda samples: st.lists(
            st.lists(st.integers(-999_999, 999_999), min_size=4, max_size=4),
            min_size=samples,
            max_size=samples,
        )
    )
    .map(lambda rows: np.array(rows) / 1000)
)
epsilons = st.sampled_from([1e-12, 1e-8, 1e-5, 1e-2, 1.0])


def rounding(done: Worked) -> float:
    """What the last digit of float64 is worth in the result.

    torch's batch norm and scikit-learn's min-max compute x·a - centre·a, a = gamma / divisor: large
    numbers near each other lose digits there that they keep when subtracted first.
    """
    divisor = 1.0 if done.divisor is None else done.steps[done.divisor]
    largest = np.abs(done.steps["x"]).max(0) / divisor
    return 10 + 16 * float(largest.max()) * np.abs(GAMMA).max()


def steps(kind: Kind, x: np.ndarray, **given: Any) -> dict[str, Any]:
    return {name: step.tolist() for name, step in worked(kind, x, **given).steps.items()}


# ---- by hand -------------------------------------------------------------------------------------


def test_min_max_sends_the_lowest_to_0_and_the_highest_to_1() -> None:
    assert steps("min-max", np.array([[18, 50_000], [20, 30_000], [26, 20_000]])) == {
        "x": [[18, 50_000], [20, 30_000], [26, 20_000]],
        "low": [[18, 20_000]],
        "high": [[26, 50_000]],
        "span": [[8, 30_000]],
        "divisor": [[8, 30_000]],
        "centred": [[0, 30_000], [2, 10_000], [8, 0]],
        "result": [[0, 1], [0.25, 1 / 3], [1, 0]],
    }


def test_standardization_tells_how_many_standard_deviations_from_the_mean() -> None:
    assert steps("standardization", np.array([[1], [5]])) == {
        "x": [[1], [5]],
        "mean": [[3]],
        "centred": [[-2], [2]],
        "variance": [[4]],
        "std": [[2]],
        "divisor": [[2]],
        "result": [[-1], [1]],
    }


def test_batch_norm_goes_down_the_columns() -> None:
    x, gamma, beta = np.array([[1, 0], [5, 6]]), np.array([1, 2]), np.array([0, 10])
    assert steps("batch", x, gamma=gamma, beta=beta, eps=0.0) == {
        "x": [[1, 0], [5, 6]],
        "mean": [[3, 3]],
        "centred": [[-2, -3], [2, 3]],
        "variance": [[4, 9]],
        "deviation": [[2, 3]],
        "normalized": [[-1, -1], [1, 1]],
        "result": [[-1, 8], [1, 12]],
    }


def test_layer_norm_goes_along_the_rows() -> None:
    done = worked("layer", np.array([[1, 5], [0, 6]]), eps=0.0)
    assert done.steps["mean"].tolist() == [[3], [3]]
    assert done.steps["deviation"].tolist() == [[2], [3]]
    assert done.result.tolist() == [[-1, 1], [-1, 1]]


def test_rms_norm_divides_by_the_root_of_the_mean_square_alone() -> None:
    assert steps("rms", np.array([[1, 7]]), gamma=np.array([1, 10]), eps=0.0) == {
        "x": [[1, 7]],
        "mean square": [[25]],
        "root": [[5]],
        "normalized": [[0.2, 1.4]],
        "result": [[0.2, 14]],
    }


def test_epsilon_stands_beside_the_variance_under_the_root() -> None:
    done = worked("layer", np.array([[-1.0, 1.0]]), eps=0.5625)
    assert done.result.tolist() == [[-0.8, 0.8]]  # 1 / sqrt(1 + 0.5625)


# ---- by a second way -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30)
@given(x=tables, eps=epsilons)
def test_all_kinds_equal_torch_and_scikit_learn(kind: Kind, x: np.ndarray, eps: float) -> None:
    given = LEARNED[kind] | {"eps": eps} if kind in LEARNED else {}
    done = worked(kind, x, **given)
    off = apart(done.result, by_reference(kind, x, **given))
    assert off <= np.finfo(np.float64).eps * rounding(done)
    assert off < 1e-6 or eps < 1e-8


@settings(max_examples=30)
@given(x=tables, eps=epsilons, passes=st.integers(0, 30))
def test_running_averages_and_evaluation_mode_equal_torch(
    x: np.ndarray, eps: float, passes: int
) -> None:
    module = nn.BatchNorm1d(4, eps=eps, dtype=torch.float64)
    for _ in range(passes):
        module(torch.from_numpy(x))
    running, buffers = running_after(x, passes), module.state_dict()
    np.testing.assert_allclose(running.mean, buffers["running_mean"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(running.variance, buffers["running_var"], rtol=1e-12)
    result = module.eval()(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(
        worked("batch", x, eps=eps, running=running).result, result, atol=1e-8
    )


def test_one_pass_of_running_averages_by_hand() -> None:
    running = running_after(np.array([[1.0], [5.0]]), 1)
    assert running.mean == pytest.approx(0.9 * 0 + 0.1 * 3)
    assert running.variance == pytest.approx(0.9 * 1 + 0.1 * 8)  # 8 = 4·2/1: divisor N - 1


def test_the_buffers_shown_are_those_of_torch() -> None:
    ours, theirs = running_after(X, 7), running_by_torch(X, 7)
    assert apart(ours.mean, theirs.mean) < 1e-12 and apart(ours.variance, theirs.variance) < 1e-12


@pytest.mark.parametrize("kind", ["layer", "rms"])
def test_a_single_sample_is_enough_for_what_goes_along_it(kind: Kind) -> None:
    given = LEARNED[kind]
    assert apart(worked(kind, X[:1], **given).result, by_reference(kind, X[:1], **given)) < 1e-12
    assert worked(kind, X[:1]).result.tolist() == worked(kind, X).result[:1].tolist()


def test_a_single_sample_is_refused_by_batch_norm_in_training_mode_as_by_torch() -> None:
    with pytest.raises(ValueError, match="Expected more than 1 value per channel when training"):
        by_reference("batch", X[:1])
    for refused in (lambda: worked("batch", X[:1]), lambda: running_after(X[:1], 1)):
        with pytest.raises(ValueError, match="needs at least 2 samples, got 1"):
            refused()


def test_a_single_sample_is_taken_by_batch_norm_in_evaluation_mode() -> None:
    given = LEARNED["batch"] | {"running": running_after(X, 5)}
    assert (
        apart(worked("batch", X[:1], **given).result, by_reference("batch", X[:1], **given)) < 1e-12
    )


# ---- special cases -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["min-max", "standardization", "batch"])
@pytest.mark.parametrize("value", [0.0, 0.1, -7.0, 1e8])
def test_a_constant_feature_becomes_zero_and_changes_no_other(kind: Kind, value: float) -> None:
    x = X.copy()
    x[:, 1] = value
    result = worked(kind, x).result
    np.testing.assert_allclose(result[:, 1], 0, atol=1e-9)
    assert apart(result, by_reference(kind, x)) < (1e-9 if value < 1e8 else 1e-5)
    others = [0, 2, 3]
    assert result[:, others].tolist() == worked(kind, X).result[:, others].tolist()


def test_without_epsilon_a_constant_feature_is_no_number() -> None:
    x = np.array([[3.0, 1.0], [3.0, 2.0]])
    assert np.isnan(worked("batch", x, eps=0.0).result[:, 0]).all()
    with pytest.raises(ValueError, match="eps must be positive"):
        by_reference("batch", x, eps=0.0)
    assert np.isnan(worked("layer", x.T[:1], eps=0.0).result).all()
    assert apart(worked("layer", x.T, eps=0.0).result, by_reference("layer", x.T, eps=0.0)) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_huge_values_keep_six_decimals_in_float64(kind: Kind) -> None:
    x = 1e8 + X
    assert apart(worked(kind, x).result, by_reference(kind, x)) < 1e-6


def test_float32_cannot_tell_huge_values_apart() -> None:
    x = np.array([[1e8, 0], [1e8 + 1, 1], [1e8 + 2, 2]])  # float32 has every 8th number there
    assert len(np.unique(x[:, 0].astype(np.float32))) == 1
    exact, coarse = worked("batch", x).result, by_reference("batch", x, precision="float32")
    np.testing.assert_allclose(exact[:, 0], exact[:, 1], atol=1e-6)
    np.testing.assert_allclose(coarse[:, 1], exact[:, 1], atol=1e-6)
    assert len(np.unique(coarse[:, 0])) == 1 and np.abs(coarse[:, 0] - exact[:, 0]).max() > 1


def test_torch_gives_the_same_whichever_way_x_lies_in_memory() -> None:
    x = 1e12 + X  # torch rounds these to 1e-4, by rows not as by columns
    one, other = (by_reference("batch", np.array(x, order=order)) for order in ("C", "F"))
    assert one.tolist() == other.tolist()


def test_squares_beyond_float32_make_every_result_zero_there() -> None:
    x = 1e20 * X
    assert by_reference("rms", x, precision="float32").tolist() == np.zeros((3, 4)).tolist()
    assert apart(worked("rms", x).result, by_reference("rms", x)) < 1e-12


def test_apart_is_infinite_where_only_one_has_a_number() -> None:
    gap, one = np.array([np.nan, 1.0]), np.array([1.0, 1.0])
    assert (apart(gap, gap), apart(gap, one), apart(one, one + 0.5)) == (0, float("inf"), 0.5)


# ---- gamma and beta undo it ----------------------------------------------------------------------


@pytest.mark.parametrize("running", [None, Running(np.arange(4.0), np.array([0.5, 1, 2, 3]))])
@settings(max_examples=20)
@given(x=tables, eps=epsilons)
def test_batch_norm_can_be_undone(running: Running | None, x: np.ndarray, eps: float) -> None:
    gamma, beta = undo(worked("batch", x, eps=eps, running=running))
    again = worked("batch", x, gamma=gamma, beta=beta, eps=eps, running=running)
    np.testing.assert_allclose(again.result, x, atol=1e-9)
    theirs = by_reference("batch", x, gamma=gamma, beta=beta, eps=eps, running=running)
    np.testing.assert_allclose(theirs, x, atol=1e-9)


@pytest.mark.parametrize("kind", ["layer", "rms"])
@pytest.mark.parametrize("sample", [0, 2])
def test_a_norm_along_the_sample_can_be_undone_for_one_sample(kind: Kind, sample: int) -> None:
    gamma, beta = undo(worked(kind, X), sample)
    off = np.abs(worked(kind, X, gamma=gamma, beta=beta).result - X).max(1)
    assert off[sample] < 1e-12 and off[2 - sample] > 0.5


def test_samples_that_share_mean_and_deviation_come_back_together() -> None:
    x = np.array([[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]])
    gamma, beta = undo(worked("layer", x))
    np.testing.assert_allclose(worked("layer", x, gamma=gamma, beta=beta).result, x, atol=1e-12)


@pytest.mark.parametrize("kind", ["min-max", "standardization"])
def test_what_learns_nothing_cannot_be_undone_by_gamma(kind: Kind) -> None:
    with pytest.raises(ValueError, match="choose batch, layer or rms"):
        undo(worked(kind, X))


# ---- what cannot be normalized -------------------------------------------------------------------

WRONG: dict[str, tuple[Kind, Any, dict[str, Any], str]] = {
    "no sample": ("layer", np.empty((0, 4)), {}, r"at least one of each, got \(0, 4\)"),
    "an empty cell": ("layer", [[1, np.nan]], {}, "sample 0, feature 1 is not a number"),
    "infinite": ("rms", [[np.inf, 1]], {}, r"within ±1e\+100, got inf"),
    "too large": ("batch", [[1], [-1e101]], {}, r"got -1e\+101"),
    "gamma of three": (
        "layer",
        X,
        {"gamma": np.ones(3)},
        r"gamma must be of 4 features like x, got \(3,\)",
    ),
    "beta with a gap": (
        "batch",
        X,
        {"beta": np.array([1, np.nan, 1, 1])},
        "beta of feature 1 must be a",
    ),
    "beta of rms": ("rms", X, {"beta": BETA}, "leave beta out"),
    "gamma of a scaling": ("min-max", X, {"gamma": GAMMA}, "leave them out"),
    "negative eps": ("layer", X, {"eps": -1e-5}, r"eps must be in \[0, 1\], got -1e-05"),
    "eps that is none": ("layer", X, {"eps": float("nan")}, "eps must be in"),
    "running layer": ("layer", X, {"running": running_after(X, 1)}, "only batch norm has"),
    "unknown kind": ("group", X, {}, "got 'group'"),  # type: ignore[dict-item]
}


@pytest.mark.parametrize(("kind", "x", "given", "says"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_normalized_is_said_in_one_sentence(
    kind: Kind, x: Any, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says) as error:
        worked(kind, np.asarray(x, np.float64), **given)
    assert len(str(error.value)) <= 200 and str(error.value).isprintable()
