"""Distributions along the depth: which numbers a bar's ends are."""

from typing import Any

import numpy as np
import pytest

from explorer.charts.normalization.depth import Sites
from explorer.charts.normalization.distributions import Quantiles
from explorer.charts.normalization.spread import spread_panel
from explorer.charts.parts.scales import Scale
from explorer.panels import Frame

SITES = Sites(["blocks.0.ln1", "ln_f"])
VALUES = np.arange(28, dtype=np.float32).reshape(2, 2, 7)  # (S, K, 7)
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
GIVEN: dict[str, Any] = {"frame": Frame("s", "Activations")}


def test_bars_reach_from_one_quantile_to_its_opposite_with_a_gap_behind() -> None:
    moving = spread_panel(
        Quantiles(VALUES, LEVELS), SITES, scale=Scale("activation"), **GIVEN
    ).moving
    gap = np.nan
    np.testing.assert_array_equal(moving["0.y"][0], [0, 6, gap, 7, 13, gap])
    np.testing.assert_array_equal(moving["1.y"][0], [1, 5, gap, 8, 12, gap])
    np.testing.assert_array_equal(moving["2.y"][1], [16, 18, gap, 23, 25, gap])
    np.testing.assert_array_equal(moving["3.y"][1], [17, 24])


def test_bars_stand_at_their_places() -> None:
    bars = spread_panel(
        Quantiles(VALUES, LEVELS), SITES, scale=Scale("activation"), **GIVEN
    ).figure.data[0]
    assert list(bars.x) == [0, 0, 0, 1, 1, 1]


def test_one_scale_holds_all_steps_or_follows_them() -> None:
    fixed = spread_panel(Quantiles(VALUES, LEVELS), SITES, scale=Scale("activation"), **GIVEN)
    np.testing.assert_allclose(fixed.figure.layout.yaxis.range, [-1.35, 28.35])
    shared = spread_panel(
        Quantiles(VALUES, LEVELS), SITES, scale=Scale("activation", limits=(-9, 99)), **GIVEN
    )
    assert tuple(shared.figure.layout.yaxis.range) == (-9, 99)
    moving = spread_panel(
        Quantiles(VALUES, LEVELS), SITES, scale=Scale("activation", per_step=True), **GIVEN
    ).moving
    expected = [[-0.65, 13.65], [13.35, 27.65]]
    np.testing.assert_allclose(moving["layout.yaxis.range"], expected, rtol=1e-6)


def test_alt_names_the_narrowest_and_the_widest_place() -> None:
    wide = VALUES.copy()
    wide[-1, 1, -1] = 100
    alt = spread_panel(Quantiles(wide, LEVELS), SITES, scale=Scale("activation"), **GIVEN).alt
    assert "narrowest at blocks.0.ln1 (98% within 14 and 20)" in alt
    assert "widest at ln_f (98% within 21 and 100)" in alt


def test_other_quantiles_than_were_told_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must have shape \(S, 2, 7\), got \(2, 2, 5\)"):
        spread_panel(Quantiles(VALUES[..., :5], LEVELS), SITES, scale=Scale("activation"), **GIVEN)
