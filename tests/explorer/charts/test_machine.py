"""The drawn model as data: levels of colours, names of tokens, what follows."""

from typing import Any

import numpy as np
import pytest

from explorer.charts.machine import Model, Read, height_of, machine, signed_levels
from explorer.levels import levels
from explorer.panels import Frame, Machine

NAMES = ["a", "b", "c", "d", "e"]
IDS, LABELS = (3, 0, 3), ("d", "a", "d")


def flow(**change: Any) -> dict[str, np.ndarray]:
    """Two steps, two layers of one head, three tokens, the two likeliest."""
    rng = np.random.default_rng(0)
    weights = np.tril(rng.random((2, 2, 1, 3, 3)))
    values = {
        "rows": rng.normal(size=(2, 3, 4)).astype(np.float32),
        "levels": levels(weights / weights.sum(-1, keepdims=True)),
        "sizes": np.array([[[1, 2, 3]] * 3, [[4, 5, np.inf]] * 3], np.float32),
        "next": np.array([[[4, 0], [0, 3], [1, 4]], [[0, 4], [3, 4], [1, 0]]], np.float32),
        "chances": np.full((2, 3, 2), 0.25, np.float32),
        "true": np.full((2, 3), 0.25, np.float32),
    }
    return values | change


def drawn(**change: Any) -> Machine:
    return machine(
        flow(**change),
        Read(IDS, LABELS, 2),
        Model(NAMES, [9] * 4),
        Frame("machine", "Model"),
    )


def test_names_are_those_of_the_likeliest_and_of_what_follows() -> None:
    panel, given = drawn(), flow()["next"]
    named = np.vectorize(lambda index: panel.names[int(index)])
    assert (named(panel.next) == np.array(NAMES)[given.astype(int)]).all()
    assert [panel.names[one] for one in panel.following[:-1]] == ["a", "d"]
    assert panel.following[-1] == -1
    assert set(panel.names) == {"a", "b", "d", "e"}, "no name that nobody needs"


def test_zero_is_in_the_middle_and_the_largest_magnitude_at_an_end() -> None:
    found = signed_levels(np.array([0, 2, -2, 1, np.nan, np.inf]))
    assert found.tolist() == [127, 254, 0, 191, 255, 255]
    assert signed_levels(np.zeros(2)).tolist() == [127, 127]


def test_the_bounds_are_of_all_steps_and_finite() -> None:
    assert drawn().bounds == (1, 5)


def test_words_say_what_is_expected_at_last() -> None:
    assert "expects 'b' after 'd', with 25%" in drawn().alt
    broken = drawn(chances=np.full((2, 3, 2), np.nan, np.float32))
    assert "no probability is a number" in broken.alt


@pytest.mark.parametrize(("layers", "least"), [(0, 0), (1, 36), (4, 36), (8, 36), (24, 36)])
def test_every_layer_has_room(layers: int, least: int) -> None:
    assert height_of(layers) >= height_of(0) + layers * least
