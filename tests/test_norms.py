"""What NORMS says of each norm, against what its module does; the words of the pages."""

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.charts.normalization.variants import COLOURS
from explorer.views.lessons.norms import NORM_WORDS
from model_core.norm_modules import NormModule, before_gain, norm_module
from model_core.normalization import shares
from model_core.norms import KINDS, LEARNED, NORMS, NormKind
from tests.support.norms import HAS

kinds = pytest.mark.parametrize("kind", KINDS)
SHAPE = (2, 3, 4)  # (B, T, C)
X = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def module(kind: NormKind) -> NormModule:
    """A new norm in training mode, in float64."""
    return norm_module(kind, SHAPE[-1]).double().train()


def changed(kind: NormKind, x: Tensor, other: Tensor) -> np.ndarray:
    """Where what a norm makes of two blocks differs: (B, T, C)."""
    with torch.no_grad():
        one, two = before_gain(module(kind), x), before_gain(module(kind), other)
    return (~torch.isclose(one, two, rtol=0, atol=1e-9)).numpy()


def test_every_kind_has_a_value_words_and_a_colour_of_its_own() -> None:
    assert tuple(NORMS) == KINDS == tuple(NORM_WORDS) == tuple(COLOURS)
    assert len({norm.title for norm in NORMS.values()}) == len(KINDS) == len(set(COLOURS.values()))


@kinds
def test_a_number_moves_exactly_those_that_share_with_it(kind: NormKind) -> None:
    for cell in np.ndindex(SHAPE):
        other = X.clone()
        other[cell] += 1
        assert (changed(kind, X, other) == shares(kind, SHAPE, cell)).all()


@kinds
def test_what_centres_does_not_see_a_constant_added_to_all(kind: NormKind) -> None:
    assert changed(kind, X, X + 3).any() != NORMS[kind].centres


@kinds
def test_a_module_has_the_parameters_that_the_norm_learns(kind: NormKind) -> None:
    parameters = dict(module(kind).named_parameters())
    learned = {LEARNED[name].parameter: LEARNED[name] for name in NORMS[kind].learns}
    assert parameters.keys() == learned.keys() == HAS[kind].keys()
    for name, values in parameters.items():
        assert values.shape == ((SHAPE[-1],) if learned[name].per_channel else (1,))
        assert (values == learned[name].start).all() and learned[name].start == HAS[kind][name]


@kinds
def test_the_sizes_are_those_of_the_tensors(kind: NormKind) -> None:
    tensors = module(kind).state_dict()
    tensors.pop("num_batches_tracked", None)  # a count is not a number of the model
    assert NORMS[kind].sizes(SHAPE[-1]) == [value.numel() for value in tensors.values()]
