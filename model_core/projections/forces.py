"""Attraction and repulsion between rows of a map: the gradient of UMAP's objective."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from model_core.projections.graph import Nearest, union

REPULSION = 5.0  # negative samples for each positive one, umap-learn's default
ALL_PAIRS = 128  # rows; with more, repulsion is estimated from some of the other rows
DRAWN = 8  # permutations a round: each row is paired with twice as many others
TOUCHING = 1e-3  # added to squared distances, as in umap-learn: repulsion stays finite


@dataclass(frozen=True)
class Curve:
    """q(d) = 1 / (1 + a d^2b), fitted to 1 up to `min_dist` and exp(min_dist - d) beyond."""

    a: float
    b: float

    @classmethod
    def fitted(cls, min_dist: float) -> "Curve":
        from scipy.optimize import curve_fit

        d = np.linspace(0, 3, 300)  # as umap-learn fits it, with spread 1
        wanted = np.where(d < min_dist, 1.0, np.exp(min_dist - d))
        (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), d, wanted)
        return cls(float(a), float(b))

    def attraction(self, squares: Tensor) -> Tensor:
        """2 · the derivative of -log q by the squared distance."""
        squares = squares.clamp_min(1e-12)
        power = self.a * torch.exp(self.b * torch.log(squares))
        return 2 * self.b * power / (squares * (1 + power))

    def repulsion(self, squares: Tensor) -> Tensor:
        """-2 · the derivative of -log(1 - q) by the squared distance."""
        power = self.a * torch.exp(self.b * torch.log(squares.clamp_min(1e-12)))
        return 2 * self.b / ((squares + TOUCHING) * (1 + power))


@dataclass(frozen=True)
class Graph:
    """The fuzzy graphs of S steps: each edge in both directions, ordered by step and row.

    step, row, other (E,) int64 and weight (E,) float32.
    """

    steps: int
    rows: int
    step: Tensor
    row: Tensor
    other: Tensor
    weight: Tensor

    @classmethod
    def of(cls, near: Nearest, informative: Tensor) -> "Graph":
        """The fuzzy graphs of nearest rows, at the steps that are `informative` (S,)."""
        steps, rows, _ = near.ids.shape
        keys, weights = union(near, informative)
        step, pair = keys // rows**2, keys % rows**2
        return cls(steps, rows, step, pair // rows, pair % rows, weights.float())

    def only(self, steps: Tensor) -> "Graph":
        """The graphs of some `steps` (K,), ascending."""
        index = torch.full((self.steps,), -1)
        index[steps] = torch.arange(len(steps))
        selected = index[self.step] >= 0
        parts = (index[self.step], self.row, self.other, self.weight)
        return Graph(len(steps), self.rows, *(part[selected] for part in parts))

    def degrees(self) -> Tensor:
        """Row sums of the weights: (S, N)."""
        sums = torch.zeros(self.steps * self.rows)
        sums.index_add_(0, self.step * self.rows + self.row, self.weight)
        return sums.view(self.steps, self.rows)


class Forces(Protocol):
    """The gradient of attraction and repulsion at points (S, N, D): (S, N, D)."""

    def __call__(self, points: Tensor) -> Tensor: ...


def forces(graph: Graph, curve: Curve, seed: int) -> Forces:
    """All pairs for few rows; edges and randomly drawn pairs for many."""
    if graph.rows <= ALL_PAIRS:
        return AllPairs(graph, curve)
    return SomePairs(graph, curve, seed)


class AllPairs:
    """Computed over every pair of rows."""

    def __init__(self, graph: Graph, curve: Curve) -> None:
        size = (graph.steps, graph.rows, graph.rows)
        self._curve = curve
        self._attract = torch.zeros(size)
        self._attract[graph.step, graph.row, graph.other] = graph.weight
        degrees = graph.degrees()
        self._repel = _repulsion(degrees[:, :, None], degrees[:, None, :], graph.rows)
        self._repel.diagonal(dim1=1, dim2=2).zero_()

    def __call__(self, points: Tensor) -> Tensor:
        lengths = (points * points).sum(-1)
        squares = lengths[:, :, None] + lengths[:, None] - 2 * points @ points.transpose(1, 2)
        squares = squares.clamp_min(0)
        pull = self._attract * self._curve.attraction(squares)
        pull -= self._repel * self._curve.repulsion(squares)
        return pull.sum(-1, keepdim=True) * points - pull @ points


class SomePairs:
    """Edges attract; pairs drawn at each call, the same at all steps, repel.

    Each row i is paired with π(i) and π⁻¹(i) of DRAWN random permutations π. N / (2 · DRAWN) times
    their repulsion has the expectation of the repulsion by all rows.
    """

    def __init__(self, graph: Graph, curve: Curve, seed: int) -> None:
        self._curve, self._size = curve, graph.steps * graph.rows
        base = graph.step * graph.rows
        self._row, self._other = base + graph.row, base + graph.other
        self._weight = graph.weight
        counts = torch.bincount(self._row, minlength=self._size)
        self._starts = torch.cat([torch.zeros(1).long(), counts.cumsum(0)])
        self._degrees = graph.degrees()
        self._draws = torch.Generator().manual_seed(seed)

    def __call__(self, points: Tensor) -> Tensor:
        return self._attraction(points) - self._repulsion(points)

    def _attraction(self, points: Tensor) -> Tensor:
        flat = points.view(self._size, -1)
        gap = flat.index_select(0, self._row) - flat.index_select(0, self._other)
        pull = self._weight * self._curve.attraction((gap * gap).sum(-1))
        sums = torch.segment_reduce(pull[:, None] * gap, "sum", offsets=self._starts, axis=0)
        return sums.view_as(points)

    def _repulsion(self, points: Tensor) -> Tensor:
        rows = points.shape[1]
        push = torch.zeros_like(points)
        for _ in range(DRAWN):
            one = torch.randperm(rows, generator=self._draws)
            for others in (one, one.argsort()):
                gap = points - points[:, others]
                share = _repulsion(self._degrees, self._degrees[:, others], rows)
                share = share * self._curve.repulsion((gap * gap).sum(-1))
                push += share[..., None] * gap
        return push * (rows / (2 * DRAWN))


def _repulsion(one: Tensor, other: Tensor, rows: int) -> Tensor:
    """The coefficient r of the repulsion of two rows, from their degrees: see `umap_over_time`."""
    return REPULSION * (one + other) / (2 * rows)
