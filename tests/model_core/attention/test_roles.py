"""Measures of heads against closed forms, SciPy and plain loops; roles where they are known."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy
from torch import Tensor

from model_core import corpora
from model_core.attention import attend
from model_core.attention.ablation import Replacement, head_costs
from model_core.attention.roles import (
    LONGEST,
    MEASURES,
    THRESHOLD,
    RoleTaken,
    attention_entropy,
    head_scores,
    probe_ids,
    probe_scores,
    role_steps,
    roles,
)
from model_core.config import ModelConfig
from model_core.model import BigramLanguageModel
from model_core.runs import Run
from model_core.training.presets import PRESETS
from tests.support.refusals import refusal

PREVIOUS, FIRST, SAME, DUPLICATE, INDUCTION = range(5)
NAN = float("nan")


def uniform(T: int) -> np.ndarray:
    """Every query reads itself and all before it equally: (T, T)."""
    return np.tril(np.ones((T, T))) / np.arange(1, T + 1)[:, None]


def drawn(seed: int, *shape: int) -> np.ndarray:
    """Causal random weights (..., T, T) whose rows sum to 1, some of them 0."""
    weights = np.random.default_rng(seed).random(shape).clip(0.2) - 0.2
    weights[..., 0] += 0.1
    weights = np.tril(weights)
    return weights / weights.sum(-1, keepdims=True)


def probed(model: BigramLanguageModel, ids: Tensor) -> np.ndarray:
    """The weights of every head on every probe: (B, L, H, T, T)."""
    return np.stack([attend(model, probe).weights for probe in ids])


# --- entropy -------------------------------------------------------------------------------------


@pytest.mark.parametrize("T", [2, 3, 41])
def test_entropy_of_uniform_attention_is_the_mean_log2_of_what_a_query_can_read(T: int) -> None:
    expected = np.log2(np.arange(2, T + 1)).mean()
    assert attention_entropy(uniform(T)) == pytest.approx(expected, abs=1e-12)


def test_entropy_of_one_key_a_query_is_zero_bits() -> None:
    assert attention_entropy(np.eye(9)) == 0


def test_entropy_leaves_out_the_query_without_a_choice() -> None:
    """By hand: half and half is 1 bit, sure is 0, for two queries: 1/2."""
    weights = np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0]], np.float32)
    assert attention_entropy(weights) == 0.5
    assert np.isnan(attention_entropy(np.ones((4, 1, 1)))).tolist() == [True] * 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_entropy_is_that_of_scipy_for_every_head(dtype: type) -> None:
    weights = drawn(0, 2, 3, 4, 17, 17)
    expected = entropy(weights, base=2, axis=-1)[..., 1:].mean(-1)
    seen = attention_entropy(weights.astype(dtype))
    assert seen.shape == (2, 3, 4)
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-6)


def test_entropy_of_weights_that_are_no_numbers_is_none() -> None:
    weights = drawn(0, 2, 5, 5)
    weights[1, 3, 2] = NAN
    assert np.isnan(attention_entropy(weights)).tolist() == [False, True]


# --- scores --------------------------------------------------------------------------------------


def test_a_head_that_reads_the_query_itself() -> None:
    np.testing.assert_equal(head_scores(np.eye(5), [0, 1, 2, 0, 1]), [0, 0, 1, 0, 0])


def test_a_head_that_reads_the_token_before() -> None:
    """In "aba" it is also right behind the a before, in "aaa" also the token read again."""
    shifted = np.eye(5, k=-1)
    np.testing.assert_equal(head_scores(shifted, [0, 1, 2, 3, 4]), [1, 1 / 4, 0, NAN, NAN])
    np.testing.assert_equal(head_scores(shifted, [0, 1, 0, 1, 0]), [1, 1 / 4, 0, 0, 1])
    np.testing.assert_equal(head_scores(shifted, [7, 7, 7, 7, 7]), [1, 1 / 4, 0, 1, 1])


def test_a_head_that_reads_the_start() -> None:
    start = np.zeros((6, 6))
    start[:, 0] = 1
    scores = head_scores(start, [4, 5, 4, 5, 4, 6])
    np.testing.assert_allclose(scores, [1 / 5, 1, 0, 2 / 3, 0], atol=1e-15)


def test_uniform_attention_gives_each_place_its_share() -> None:
    """By hand for "abcabc": queries 3, 4, 5 read 1/4, 1/5, 1/6 of one earlier place each."""
    by_one = (1 / 2 + 1 / 3 + 1 / 4 + 1 / 5 + 1 / 6) / 5
    by_repeat = (1 / 4 + 1 / 5 + 1 / 6) / 3
    np.testing.assert_allclose(
        head_scores(uniform(6), [0, 1, 2, 0, 1, 2]), [by_one, by_one, by_one, by_repeat, by_repeat]
    )


def test_an_induction_head_reads_what_followed_this_token_before() -> None:
    """ "abcabc": a at 3 reads b at 1, b at 4 reads c at 2, c at 5 reads a at 3."""
    weights = np.zeros((6, 6))
    weights[[0, 1, 2, 3, 4, 5], [0, 0, 0, 1, 2, 3]] = 1
    scores = head_scores(weights, [0, 1, 2, 0, 1, 2])
    np.testing.assert_allclose(scores, [1 / 5, 2 / 5, 0, 0, 1], atol=1e-15)


def test_weight_on_every_earlier_repeat_is_added_up() -> None:
    weights = np.eye(6)
    weights[5] = [0, 0.1, 0.2, 0.3, 0.4, 0]
    ids = [8, 9, 8, 9, 1, 8]  # the last reads behind 0 and 2, at 1 and 3, and 8 at 0 and 2
    scores = head_scores(weights, ids)
    assert scores[DUPLICATE] == pytest.approx(0.2 / 3)  # queries 2, 3, 5
    assert scores[INDUCTION] == pytest.approx((0.1 + 0.3) / 3)


def looped(weights: np.ndarray, ids: Sequence[int]) -> list[float]:
    """The definitions, one query after the other."""
    shares: list[list[float]] = [[] for _ in MEASURES]
    for query in range(len(ids)):
        repeats = [key for key in range(query) if ids[key] == ids[query]]
        behind = [key + 1 for key in repeats if key + 1 != query]
        read = [[query - 1], [0], [query]] if query else [[], [], []]
        for share, keys in zip(shares, [*read, repeats, behind], strict=True):
            if keys:
                share.append(sum(float(weights[query, key]) for key in keys))
    return [sum(share) / len(share) if share else NAN for share in shares]


@given(ids=st.lists(st.integers(0, 3), min_size=1, max_size=24), seed=st.integers(0, 99))
def test_scores_are_those_of_a_plain_loop(ids: list[int], seed: int) -> None:
    weights = drawn(seed, 2, 3, len(ids), len(ids)).astype(np.float32)
    scores = head_scores(weights, ids)
    assert (scores.shape, scores.dtype) == ((2, 3, len(MEASURES)), np.float32)
    expected = [[looped(head, ids) for head in layer] for layer in weights]
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("wrong", [NAN, np.inf, -np.inf])
def test_weights_that_are_no_numbers_have_no_scores(wrong: float) -> None:
    weights = drawn(0, 3, 6, 6)
    weights[1, 4, 3] = wrong
    scores = head_scores(weights, [0, 1, 0, 1, 0, 1])
    assert np.isnan(scores).tolist() == [[False] * 5, [True] * 5, [False] * 5]


def test_weights_of_another_text_are_refused() -> None:
    assert refusal(head_scores, drawn(0, 4, 8, 8), [0, 1, 2, 3]) == (
        "weights (4, 8, 8) do not fit 4 tokens"
    )


# --- probes --------------------------------------------------------------------------------------


def period(ids: list[int]) -> int:
    """After how many tokens a sequence starts again."""
    return next(p for p in range(1, len(ids) + 1) if ids[p:] == ids[: len(ids) - p])


@pytest.mark.parametrize(
    ("vocab_size", "block_size", "shortest", "longest"),
    [
        *[(26, 32, 4, 16), (27, 41, 5, 20), (50_257, 256, 8, 32), (98, 16, 4, 8)],
        *[(27, 256, 8, 27), (10, 64, 8, 10), (2, 32, 2, 2), (1, 32, 1, 1)],
    ],
)
def test_probes_write_different_tokens_over_and_over(
    vocab_size: int, block_size: int, shortest: int, longest: int
) -> None:
    ids = probe_ids(vocab_size, block_size)
    assert (ids.shape, ids.dtype) == ((16, min(block_size, LONGEST)), torch.int64)
    assert 0 <= ids.min() <= ids.max() < vocab_size
    periods = [period(probe) for probe in ids.tolist()]
    assert [len(set(probe)) for probe in ids.tolist()] == periods
    assert (min(periods), max(periods)) == (shortest, longest)


@pytest.mark.parametrize("block_size", [1, 2, 5])
def test_a_block_too_short_to_repeat_has_probes_without_repeats(block_size: int) -> None:
    ids = probe_ids(27, block_size)
    assert ids.shape == (16, block_size)
    assert all(len(set(probe[:4])) == len(probe[:4]) for probe in ids.tolist())


def test_probes_are_always_the_same_and_draw_no_random_number_of_others() -> None:
    before = torch.get_rng_state()
    assert torch.equal(probe_ids(26, 32), probe_ids(26, 32))
    assert torch.equal(probe_ids(26, 32, count=3, seed=1), probe_ids(26, 32, count=3, seed=1))
    assert not torch.equal(probe_ids(26, 32), probe_ids(26, 32, seed=1))
    assert torch.equal(torch.get_rng_state(), before)


def test_every_measure_concerns_queries_of_every_probe() -> None:
    for probe in probe_ids(26, 32).numpy():
        assert np.isfinite(head_scores(uniform(32), probe)).all()


def test_a_score_of_probes_is_reached_in_three_of_four() -> None:
    """By hand: 1 on the first token in so many of 16 probes, 0 in the others."""
    ids = probe_ids(26, 32)
    reads, start = np.stack([np.eye(32)] * 16), np.zeros((32, 32))
    start[:, 0] = 1
    for many, expected in ((11, 0), (13, 1)):
        reads[:many] = start
        assert probe_scores(reads, ids)[FIRST] == pytest.approx(expected)


def test_scores_of_probes_are_quartiles_of_each_head() -> None:
    ids, weights = probe_ids(26, 32, count=5), drawn(0, 5, 2, 3, 32, 32)
    each = np.sort([head_scores(w, i) for w, i in zip(weights, ids.numpy(), strict=True)], axis=0)
    np.testing.assert_array_equal(probe_scores(weights, ids), each[1])  # the second of five


@pytest.mark.parametrize(
    ("vocab_size", "block_size", "told"), [(4, 16, True), (3, 16, False), (27, 15, False)]
)
def test_probes_too_short_or_of_too_few_tokens_tell_nothing(
    vocab_size: int, block_size: int, told: bool
) -> None:
    ids = probe_ids(vocab_size, block_size)
    scores = probe_scores(np.stack([np.eye(block_size, k=-1)] * 16), ids)
    assert np.isfinite(scores).all() == told
    assert roles(scores) == (PREVIOUS if told else -1)


# --- roles ---------------------------------------------------------------------------------------


def test_a_role_is_the_largest_score_at_the_threshold_or_above() -> None:
    below = np.nextafter(THRESHOLD, 0)
    scores = np.array(
        [
            [0, THRESHOLD, 0, 0, 0],
            [below] * 5,
            [0.6, 0, 0, 0.61, 0],
            [NAN, 0, 0.7, NAN, 0],
            [NAN, below, 0, 0, 0],
            [NAN] * 5,
        ]
    )
    named = roles(scores.reshape(2, 3, 5))
    assert named.dtype == np.int8
    assert named.tolist() == [[FIRST, -1, DUPLICATE], [SAME, -1, -1]]


def test_a_role_is_taken_when_it_is_there_to_stay() -> None:
    history = np.array(
        [
            [-1, 0, 3, -1, 4, -1],
            [-1, 0, 3, 4, 0, -1],
            [-1, 0, 1, -1, 4, -1],
            [-1, 0, 1, 4, 4, 0],
            [-1, 0, 1, 4, 4, -1],
        ]
    )  # one head a column
    assert role_steps(history.reshape(5, 2, 3).astype(np.int8)) == [
        RoleTaken(at=0, layer=0, head=1, role=PREVIOUS),
        RoleTaken(at=2, layer=0, head=2, role=FIRST),
        RoleTaken(at=2, layer=1, head=1, role=INDUCTION),
        RoleTaken(at=3, layer=1, head=0, role=INDUCTION),
    ]


def test_a_run_of_one_step_takes_its_roles_there() -> None:
    assert role_steps(np.array([[[2, -1]]], np.int8)) == [RoleTaken(0, 0, 0, SAME)]


@pytest.mark.parametrize("name", PRESETS)
def test_no_head_of_an_untrained_model_has_a_role(name: str) -> None:
    vocab_size = len(set(corpora.built_in_text(PRESETS[name].corpus)))
    config = ModelConfig(vocab_size=vocab_size, **PRESETS[name].model)
    ids = probe_ids(vocab_size, config.block_size)
    for seed in range(20):
        torch.manual_seed(seed)
        scores = probe_scores(probed(BigramLanguageModel(config).eval(), ids), ids)
        assert np.isfinite(scores).all()
        assert (roles(scores) == -1).all()


def scores_over_time(run: Run) -> np.ndarray:
    """What every head scores on the probes at every recorded step: (S, L, H, 5)."""
    ids = probe_ids(run.model_config.vocab_size, run.model_config.block_size)
    return np.stack([probe_scores(probed(model, ids), ids) for model in run.models(run.steps)])


@pytest.mark.slow
def test_induction_names_a_previous_token_head_below_induction_heads(induction: Run) -> None:
    named = roles(scores_over_time(induction))
    assert set(named[0].flat) == {-1}
    assert set(named[-1, 0]) == {PREVIOUS, -1}
    assert set(named[-1, 1]) <= {INDUCTION, -1}
    assert INDUCTION in named[-1, 1]
    taken = role_steps(named)
    assert {(layer, role) for _, layer, _, role in taken} == {(0, PREVIOUS), (1, INDUCTION)}
    assert min(induction.steps[at] for at, _, _, _ in taken) > 100


@pytest.mark.slow
@pytest.mark.parametrize("replacement", ["zero", "mean"])
def test_the_heads_induction_cannot_do_without_have_its_two_roles(
    induction: Run, replacement: Replacement
) -> None:
    """Of all eight, the previous-token head costs most, then an induction head."""
    model = induction.model_at(int(induction.steps[-1]))
    _, costs = head_costs(model, *induction.validation_windows(), replacement)
    costliest = [divmod(int(head), 4) for head in costs.argsort(axis=None)[::-1]]
    named = roles(scores_over_time(induction)[-1])
    assert [(head[0], named[head]) for head in costliest[:2]] == [(0, PREVIOUS), (1, INDUCTION)]
    assert costs[costliest[0]] > 0.5  # nats per token
