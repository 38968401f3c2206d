"""The scaling view of the Normalization page, and the clock of its own that it is drawn with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from explorer.panels import AnyPanel
from explorer.player.clock import ClockState, Heard, payload
from explorer.timeline import Timeline
from explorer.visit import clock
from model_core.normalization.scaling import Bowl, descend, scaled, students
from tests.support.pages import component_data, decoded, opened, visitor, words

MAPS = ["descent-raw", "descent-min-max", "descent-standardized"]
NEEDED, LEFT = "steps until less than 1% is left", "excess loss left (% of the start)"


def scaling(**query: str) -> AppTest:
    return opened("normalization", **{"normalization.lab": "Background"} | query)


def header(app: AppTest) -> dict[str, Any]:
    kept = payload(component_data(app)["payload"])
    assert kept is not None
    return decoded(kept)[0]


def titles(app: AppTest) -> dict[str, str]:
    return {panel["key"]: panel["title"] for panel in header(app)["panels"]}


def numbers(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value.set_index("inputs")


def test_three_maps_and_a_curve_tell_how_many_steps_each_scaling_needs() -> None:
    app = scaling()
    assert list(titles(app)) == [*MAPS, "excess"]
    assert titles(app)["descent-raw"] == "Raw: converges in 21,811,039 steps"
    assert titles(app)["descent-standardized"] == "Standardized: converges in 5 steps"
    assert titles(app)["excess"].startswith(
        "Condition number 18,944,827 raw, 3.59 standardized: 4,362,208 times as many steps."
    )
    assert numbers(app)[NEEDED].tolist() == [21_811_039, 5, 5]


def test_the_table_is_of_the_step_that_the_address_names() -> None:
    inputs, loan = students()
    x, y = scaled("standardized", inputs), loan - loan.mean()
    excess = Bowl(x, y).excess(descend(x, y, 0.5, 2))  # 2 / (sum of two curvatures) is 0.5
    app = scaling(descent="2")
    assert numbers(app)[LEFT]["standardized"] == pytest.approx(100 * excess[2] / excess[0])
    assert component_data(app)["step"] == 2
    assert "**After step 2 of this descent**" in [text.value for text in app.markdown]


def test_raw_steps_follow_the_unit_of_tuition_and_the_others_do_not() -> None:
    app = scaling()
    before = numbers(app)
    app.segmented_control(key="scaling.unit").set_value("1,000").run()
    after = numbers(app)
    assert after[NEEDED]["raw"] == 23
    pd.testing.assert_frame_equal(before.iloc[1:], after.iloc[1:])
    app.segmented_control(key="scaling.unit").set_value("1").run()
    pd.testing.assert_frame_equal(numbers(app), before)


def test_above_the_largest_stable_rate_the_page_says_that_all_diverge() -> None:
    app = scaling()
    assert not app.slider and words(app) == []
    app.segmented_control(key="scaling.rate").set_value("the same share for each").run()
    assert words(app) == []
    app.slider(key="scaling.share").set_value(1.1).run()
    assert words(app) == [
        "At 1.1 of the largest stable rate each step overshoots by more than it corrects: all "
        "three descents diverge and leave their maps."
    ]
    assert numbers(app)[NEEDED].isna().all() and (numbers(app)[LEFT] > 1e6).all()
    assert all("never converges" in titles(app)[key] for key in MAPS)
    assert "times as many" not in titles(app)["excess"]
    app.slider(key="scaling.share").set_value(1.0).run()
    (said,) = words(app)
    assert "only changes its sign" in said and numbers(app)[NEEDED].isna().all()


def test_stretched_axes_are_said_to_hide_how_narrow_the_valley_is() -> None:
    app = scaling()
    assert "The raw valley is 4,353 times as long as wide." in app.caption[0].value
    app.segmented_control(key="scaling.axes").set_value("stretched to fit").run()
    assert "Axes stretched: the raw valley, 4,353 times" in app.caption[0].value


def test_it_needs_no_sentence_and_says_whose_steps_are_counted() -> None:
    app = scaling(text="")
    assert "not those of the run" in app.caption[0].value
    assert list(titles(app)) == [*MAPS, "excess"]
    assert header(app)["timeline"]["unit"] == "% of the excess left (standardized)"


# ---- a clock of its own ------------------------------------------------------------------------

STEPS = np.array([0, 1, 5, 20])
LINE = Timeline(STEPS, STEPS, STEPS * np.nan)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What own_clock asks of its component; the step in "reader" is what it answers."""
    asked: dict[str, Any] = {"reader": None, "state": visitor(monkeypatch)}

    def answer(
        panels: Sequence[AnyPanel], timeline: Timeline, *, step: int, heard: Heard, **more: Any
    ) -> ClockState:
        asked.update(step=step, heard=heard, key=more["key"])
        return ClockState(asked["reader"], None, None)

    monkeypatch.setattr(clock, "step_clock", answer)
    monkeypatch.setattr(clock, "publish", lambda: None)
    return asked


def test_a_clock_of_its_own_stands_at_its_last_step_and_keeps_the_readers(
    told: dict[str, Any],
) -> None:
    assert clock.own_clock("walk", [], LINE) == told["step"] == 20
    told["reader"] = 5
    assert clock.own_clock("walk", [], LINE) == 5
    told["reader"] = None  # another page, and back: the browser has said nothing yet
    assert clock.own_clock("walk", [], LINE) == told["step"] == 5
    assert clock.session.chosen().step is None  # the run's step is another matter


def test_its_component_has_a_key_of_its_own(told: dict[str, Any]) -> None:
    """Streamlit keeps what a component says under its key, over whatever is there."""
    clock.own_clock("walk", [], LINE)
    assert told["key"] not in told["state"]


def test_an_address_between_two_of_its_steps_is_the_nearer(told: dict[str, Any]) -> None:
    for asked, stands in (("19", 20), ("4", 5), ("2", 1), ("999", 20), ("x", 20)):
        told["state"].pop("walk", None)
        clock.session.visit().asked = {"walk": asked}
        assert clock.own_clock("walk", [], LINE) == told["step"] == stands
