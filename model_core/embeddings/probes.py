"""Linear probes: what of a property can be read off the whole rows of a table, on tokens left out.

S steps, N tokens, C channels, P properties, K permutations.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from model_core.embeddings.properties import Property

FOLDS = 5
PERMUTATIONS = 1_999
CELLS = 2**23  # numbers in memory at a time
USUAL = 0.99  # of the shuffled columns are explained less than what "chance" says


class Probes(NamedTuple):
    """Of each property at each step (S, P): the share of its variance `explained` on tokens left
    out, below zero where guessing its mean is better; what `chance` reaches in USUAL of shuffled
    columns; and p, the share of these that reach as much. NaN where rows are not finite."""

    explained: np.ndarray
    chance: np.ndarray
    p: np.ndarray


def probes(
    vectors: np.ndarray, properties: Sequence[Property], permutations: int = PERMUTATIONS
) -> Probes:
    """Of the rows (S, N, C) of a table and P properties of its N tokens.

    Ridge regression of the property's ranks, or of one column a kind, on the rows, in FOLDS parts:
    each is predicted from the others. The penalty is the number of channels, each of which has
    variance 1: half of the property's variance is expected in the rows, equally in each channel.
    """
    found = [_probe(vectors[:, one.known], one, permutations) for one in properties]
    return Probes(*(np.stack(part, axis=1) for part in zip(*found, strict=True)))


def _probe(
    vectors: np.ndarray, one: Property, permutations: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """explained, chance and p (S,) of one property that is known of all of these rows (S, N, C)."""
    targets = targets_of(one)
    explained = np.full((1 + permutations, len(vectors)), np.nan)
    finite = np.isfinite(vectors).all((1, 2))
    if finite.any():
        squares = _squares(held_out(vectors[finite]), targets, permutations)
        explained[:, finite] = 1 - squares / (targets**2).sum()
    own, others = explained[0], explained[1:]
    p = (1 + (others >= own).sum(0)) / (1 + permutations)
    return own, np.quantile(others, USUAL, axis=0), np.where(finite, p, np.nan)


def targets_of(one: Property) -> np.ndarray:
    """What is predicted of the tokens that are known: (N, 1) ranks, or (N, kinds); mean 0."""
    from scipy.stats import rankdata

    values = one.values[one.known]
    if one.kinds:
        columns = (values[:, None] == np.unique(values)).astype(np.float64)
    else:
        columns = rankdata(values)[:, None]
    return columns - columns.mean(0)


def held_out(vectors: np.ndarray) -> torch.Tensor:
    """The matrices (S, N, N) that predict values of N tokens: each from those in the other folds.

    Ridge regression on rows (S, N, C) is linear in the values, so that one serves all columns.
    """
    rows = torch.from_numpy(vectors.astype(np.float64))
    spread = rows.std(1, keepdim=True, correction=0)
    rows = (rows - rows.mean(1, keepdim=True)) / torch.where(spread > 0, spread, 1)
    steps, count, channels = rows.shape
    made = torch.zeros(steps, count, count, dtype=torch.float64)
    penalty = channels * torch.eye(channels, dtype=torch.float64)
    for test in folds(count):
        train = np.setdiff1d(np.arange(count), test)
        mean = rows[:, train].mean(1, keepdim=True)
        x = rows[:, train] - mean  # (S, train, C)
        weights = torch.linalg.solve(x.mT @ x + penalty, x.mT)  # (S, C, train)
        predicted = (rows[:, test] - mean) @ weights + 1 / len(train)
        made[:, torch.from_numpy(test)[:, None], torch.from_numpy(train)] = predicted
    return made


def folds(count: int) -> list[np.ndarray]:
    """`count` indices in FOLDS parts, always the same."""
    return np.array_split(np.random.default_rng(0).permutation(count), FOLDS)


def _squares(predict: torch.Tensor, targets: np.ndarray, permutations: int) -> np.ndarray:
    """Squared errors (1 + K, S) of targets (N, G) as they are and permuted, predicted at S steps.

    |y - A y|² = yᵀ M y with M = (1 - A)ᵀ(1 - A), the sum of M and y yᵀ number by number: one
    product for all steps.
    """
    count = len(targets)
    errors = torch.eye(count, dtype=torch.float64) - predict
    row, column = np.tril_indices(count)
    twice = torch.from_numpy(np.where(row == column, 1.0, 2.0))  # both are symmetric
    m = ((errors.mT @ errors)[:, row, column] * twice).T.float()  # (N(N+1)/2, S)
    outer = (targets @ targets.T).astype(np.float32)
    draws = np.random.default_rng(0)
    orders = [np.arange(count), *(draws.permutation(count) for _ in range(permutations))]
    parts = np.array_split(np.stack(orders), -(-len(orders) * len(row) // CELLS))
    found = [torch.from_numpy(outer[some[:, row], some[:, column]]) @ m for some in parts]
    return torch.cat(found).double().numpy()
