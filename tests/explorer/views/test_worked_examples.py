"""The worked examples of the Normalization page: numbers, formulas, sentences, what is kept."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import nn

from explorer.charts.normalization.worked import Groups, groups_panel
from explorer.panels import Frame
from explorer.views.lessons.worked_examples import cases, remarks, tables
from explorer.views.lessons.worked_examples.formulas import (
    Followed,
    as_text,
    formulas,
    latex,
    operand,
)
from explorer.visit import session
from explorer.visit.widgets import editor, rewrite
from model_core.normalization import Kind, by_reference, running_after
from model_core.normalization.worked import KINDS, SCALINGS, worked
from tests.support.pages import SHIPPED, go_to, opened, panels, press, visitor, words

X = np.array([[1.0, 2, 3, 6], [4, 5, 9, 2], [7, 2, 0, 7]])  # the lecture's example


@pytest.fixture(autouse=True)
def _runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))


def examples(kind: str = "batch", **query: str) -> AppTest:
    asked = {
        "run": SHIPPED.name,
        "normalization.numbers": "your own",
        "worked.kind": kind,
    } | query
    return opened("normalization", **asked)


def result(app: AppTest) -> np.ndarray:
    """The last table shown, of six digits."""
    return app.table[len(app.table) - 1].value.astype(float).to_numpy()


def compared(app: AppTest) -> str:
    (said,) = (text.value for text in app.markdown if "gives the same" in text.value)
    return said


def type_in(app: AppTest, table: str, row: int, **cells: float) -> AppTest:
    """Edits of a first editor's table; AppTest knows them as the state that the browser sends."""
    edits = {"edited_rows": {row: cells}, "added_rows": [], "deleted_rows": []}
    app.session_state[f"{table} 0"] = edits
    app.run()
    assert not app.exception
    return app


# ---- the page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_its_result_and_that_torch_or_scikit_learn_has_the_same(
    kind: Kind,
) -> None:
    app = examples(kind)
    text = cases.CASES[cases.LECTURE]
    x = X if kind not in SCALINGS else cases.read(text.inputs, 2)
    np.testing.assert_allclose(result(app), by_reference(kind, x), rtol=6e-6, atol=1e-12)
    off = re.search(r"difference \*\*(.+?)\*\*", compared(app))
    assert off and float(off[1]) < 1e-14
    assert words(app) == []


def test_gain_shift_and_epsilon_of_the_address_are_those_of_torch() -> None:
    query = {"gamma": "1,2,-0.5,3", "beta": "0,1,-1,10", "epsilon": "1e-01"}
    app = examples("layer", **{f"worked.{name}": value for name, value in query.items()})
    norm = nn.LayerNorm(4, eps=0.1, dtype=torch.float64)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1, 2, -0.5, 3]))
        norm.bias.copy_(torch.tensor([0.0, 1, -1, 10]))
        theirs = norm(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(result(app), theirs, rtol=6e-6)


def test_evaluation_mode_uses_running_averages_after_the_passes() -> None:
    app = examples("batch", **{"worked.mode": "evaluation", "worked.passes": "3"})
    norm = nn.BatchNorm1d(4, dtype=torch.float64)
    for _ in range(3):
        norm(torch.from_numpy(X))
    theirs = norm.eval()(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(result(app), theirs, rtol=6e-6)
    assert "Its running averages: " in compared(app)
    app.slider(key="worked.passes").set_value(0).run()  # mean 0 and variance 1: nothing happens
    np.testing.assert_allclose(result(app), X, rtol=1e-5)


def test_no_sentence_is_needed() -> None:
    app = examples(text="")
    assert panels(app).keys() == {"worked-before", "worked-after"}


def test_typed_numbers_are_kept_across_pages_and_in_the_address_until_a_case_is_chosen() -> None:
    app = type_in(examples(), "worked.x", 0, **{"feature 0": 10.5})
    assert app.query_params["worked.x"] == "10.5,2,3,6;4,5,9,2;7,2,0,7"
    app.run()
    go_to(go_to(app, "tables"), "normalization")
    assert app.table[0].value.iloc[0, 0] == "10.5"
    type_in(app, "worked.x", 1, **{"feature 1": -1.0})
    assert app.query_params["worked.x"] == "10.5,2,3,6;4,-1,9,2;7,2,0,7"
    press(app, cases.LECTURE)
    assert "worked.x" not in app.query_params
    np.testing.assert_allclose(app.table[0].value.astype(float), X)


def test_the_two_tables_of_numbers_are_kept_side_by_side() -> None:
    app = type_in(examples("min-max"), "worked.inputs", 0, **{"age in years": 30.0})
    app.segmented_control(key="worked.kind").set_value("layer").run()
    np.testing.assert_allclose(app.table[0].value.astype(float), X)
    app.segmented_control(key="worked.kind").set_value("standardization").run()
    assert app.table[0].value.iloc[0, 0] == "30"


SAYS = {  # what is said of a case, from its numbers
    ("batch", "A constant feature"): "Feature 1 is constant: 0 / √(0 + 1e-05) = 0, whatever γ is.",
    ("layer", "A constant feature"): "Sample 1 is constant: 0 / √(0 + 1e-05) = 0, whatever γ is.",
    ("rms", "A constant feature"): "Sample 1 is constant, but no mean is subtracted: "
    "5 / √(25 + 1e-05) = 1",
    ("min-max", "A constant feature"): "Age in years is constant: the spread is 0",
    ("standardization", "A single sample"): "Age in years and tuition per year are constant",
    ("batch", "A single sample"): "These numbers cannot be normalized: batch norm in training mode "
    "needs at least 2 samples",
    ("layer", "A single sample"): "One sample is enough: its 4 features have statistics",
    ("batch", "Huge values"): "In float32, as models compute, torch's BatchNorm1d is up to 1",
    ("rms", "Huge values"): "In sample 2, 100000007 outweighs the rest: normalized, the other",
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_case_says_what_happens(kind: str) -> None:
    app = examples(kind)
    for case in (case for asked, case in SAYS if asked == kind):
        (said,) = words(press(app, case))
        assert said.startswith(SAYS[kind, case])


def test_undoing_batch_norm_gives_x_again() -> None:
    app = press(examples("batch"), "Undo it with γ and β")
    np.testing.assert_allclose(result(app), X, atol=1e-12)
    (said,) = words(app)
    assert said.startswith("γ = deviation and β = mean undo the norm: the result is x again")
    press(app, cases.LECTURE)
    assert words(app) == []


def test_undoing_layer_norm_gives_back_one_sample_and_says_by_how_much_the_others_are_off() -> None:
    app = press(examples("layer"), "Undo it with γ and β")
    off = np.abs(result(app) - X).max(1)
    assert off[0] < 1e-5 and off[1:].min() > 1
    (said,) = words(app)
    assert said.endswith(f"sample 1 and sample 2 are up to {off.max():.6g} off.")


def test_undoing_rms_norm_gives_back_its_first_sample() -> None:
    app = press(examples("rms"), "Undo it with γ and β")
    np.testing.assert_allclose(result(app)[0], X[0], rtol=1e-5)
    (said,) = words(app)
    assert said.startswith("γ = root of sample 0 give back sample 0. ")


WRONG = {
    "an empty cell": ("1,2,3,6;4,,9,2", "sample 1, feature 1 is not a number; type one there."),
    "too many": (";".join(["1,2,3,4"] * 13), "at most 12 samples fit here, got 13; delete some."),
}


@pytest.mark.parametrize(("x", "says"), WRONG.values(), ids=WRONG)
def test_bad_numbers_are_one_sentence_and_the_clock_stays(x: str, says: str) -> None:
    app = examples("batch", **{"worked.x": x})
    assert words(app) == [f"These numbers cannot be normalized: {says}"]
    assert panels(app) == {}


def test_an_empty_gain_is_one_sentence_until_the_case_is_chosen_again() -> None:
    app = examples("batch", **{"worked.gamma": "1,2,,4"})
    assert words(app) == [
        "These numbers cannot be normalized: gamma of feature 2 must be a number within ±1e+100, "
        "got nan; type one there."
    ]
    assert words(press(app, cases.LECTURE)) == []


def test_what_is_no_number_in_an_address_is_an_empty_cell() -> None:
    read = cases.read("1,six,3,4,5;7", 4)
    np.testing.assert_array_equal(read, [[1, np.nan, 3, 4], [7, np.nan, np.nan, np.nan]])


def test_without_epsilon_torch_is_quoted_where_it_refuses() -> None:
    app = examples("batch", **{"worked.epsilon": "0"})
    assert any("refuses these numbers: batch" in text.value for text in app.markdown)
    assert not any("gives the same" in text.value for text in app.markdown)


def test_what_only_float32_refuses_is_compared_in_float64() -> None:
    app = examples("min-max", **{"worked.inputs": "1e50,1;2e50,2"})
    np.testing.assert_array_equal(result(app), [[0, 0], [1, 1]])
    assert compared(app).endswith("In float32, as models compute, some are NaN or infinite.")
    (said,) = words(app)
    assert said == (
        "In float32, as models compute, scikit-learn's MinMaxScaler gives NaN or infinity: 2e+50 "
        "is beyond its largest number, 3.4e+38."
    )


def test_torch_is_not_said_to_give_the_same_where_rounding_sets_them_apart() -> None:
    text = "1e12,1,2,3;1000000000001,2,3,4;1000000000004,4,5,7"  # rounded to 1e-4 there
    app = examples("batch", **{"worked.x": text})
    (said,) = (text.value for text in app.markdown if "BatchNorm1d" in text.value)
    x = cases.read(text, 4)
    off = np.abs(by_reference("batch", x) - worked("batch", x).result).max()
    assert 1e-6 < off < 1e-3
    assert f" differs by rounding: largest difference **{off:.2g}** in float64." in said


ROUNDED = "0.1,1,2,3;0.1,2,3,4;0.1,4,5,7"  # the mean of three times 0.1 is not 0.1


@pytest.mark.parametrize(
    ("epsilon", "says"),
    {
        "1e-05": "-1.38778e-17 / √(1.92593e-34 + 1e-05) = -4.38854e-15. Without ε it would be -1.",
        "0": "-1.38778e-17 / √(1.92593e-34 + 0) = -1. An ε far above 1.92593e-34 brings it near 0.",
    }.items(),
)
def test_of_a_constant_that_is_not_exact_only_rounding_is_left(epsilon: str, says: str) -> None:
    (said,) = words(examples("batch", **{"worked.x": ROUNDED, "worked.epsilon": epsilon}))
    assert said == (
        f"Feature 0 is constant. Rounding is all that is left: feature 0 begins with {says}"
    )


def test_a_spread_of_rounding_alone_is_told_in_standardization() -> None:
    said = remarks.constant(
        done := worked("standardization", cases.read(ROUNDED, 2)), ["a", "b"], 0.0
    )
    assert done.steps["std"][0, 0] == np.abs(done.result[:, 0]).max() == 2.0**-56
    assert said == (
        "A is constant but for rounding: the spread is 1.38778e-17. Divided by 1 instead, as "
        "scikit-learn does, every number becomes 0 within 1.38778e-17."
    )


# ---- formulas and tables -------------------------------------------------------------------------


def lines(cell: Followed) -> dict[str, str]:
    """What each formula is equal to, line by line."""
    shown = {name: formula for name, (_, formula) in formulas(cell).items()}
    return {name: re.sub(r"\\(begin|end)\{aligned\} ?", "", text) for name, text in shown.items()}


def test_formulas_have_the_numbers_of_the_chosen_cell_in_their_places() -> None:
    cell = Followed(worked("batch", X, eps=0.25), 0, 3, 0.25, {"gamma": 2.0, "beta": -1.0})
    shown = lines(cell)
    assert shown["mean"] == r"\mu &= \tfrac{1}{3}(6 + 2 + 7) \\ &= 5 "
    assert shown["variance"] == (r"\sigma^2 &= \tfrac{1}{3}(1^2 + (-3)^2 + 2^2) \\ &= 4.66667 ")
    assert shown["deviation"].startswith(r"\sqrt{\sigma^2 + \varepsilon} &= \sqrt{4.66667 + 0.25}")
    assert shown["result"].startswith(r"y &= \gamma\,\hat x + \beta \\ &= 2 \cdot 0.450988 + (-1)")


def test_layer_norm_sums_along_the_row() -> None:
    cell = Followed(worked("layer", X), 2, 1, 1e-5, {"gamma": 1.0, "beta": 0.0})
    assert lines(cell)["mean"] == r"\mu &= \tfrac{1}{4}(7 + 2 + 0 + 7) \\ &= 4 "


def test_running_averages_show_what_each_pass_keeps() -> None:
    running = running_after(X, 3)
    trained = (float(X[:, 0].mean()), float(X[:, 0].var(ddof=1)))
    done = worked("batch", X, running=running)
    cell = Followed(done, 0, 0, 1e-5, {"gamma": 1.0, "beta": 0.0}, 3, trained)
    assert lines(cell)["variance"] == (
        rf"\sigma^2 &= 0.9^{{3}} \cdot 1 + (1 - 0.9^{{3}}) \cdot 9 \\ &= {running.variance[0]:.6g} "
    )


def test_a_divisor_is_shown_only_where_it_is_not_the_spread() -> None:
    varied, constant = np.array([[1.0], [2.0]]), np.array([[2.0], [2.0]])
    for kind in KINDS[:2]:
        assert "divisor" not in formulas(Followed(worked(kind, varied), 0, 0, 0.0))
        assert "divisor" in formulas(Followed(worked(kind, constant), 0, 0, 0.0))


def test_long_sums_are_shortened_to_their_ends() -> None:
    cell = Followed(worked("min-max", np.arange(8.0)[:, None]), 0, 0, 0.0)
    assert r"\min(0, 1, 2, 3, \dots, 7)" in lines(cell)["low"]


def test_a_sum_too_wide_for_a_phone_goes_on_in_the_next_line() -> None:
    x = np.array([[1 / 3], [-2 / 3], [1 / 7], [9.0]])
    cell = Followed(worked("standardization", x), 0, 0, 0.0)
    assert lines(cell)["mean"].startswith(
        r"\mu &= \tfrac{1}{4}(0.333333 + (-0.666667) + {} \\ &\quad 0.142857 + 9) \\ &= 2.20238"
    )


def test_numbers_are_told_in_six_digits_and_large_ones_in_full() -> None:
    numbers = [1 / 3, -0.0, 100_000_001, 1e30, float("nan")]
    assert [as_text(one) for one in numbers] == ["0.333333", "0", "100000001", "1e+30", "NaN"]
    assert (latex(1e-5), latex(2.5e49)) == ("10^{-5}", r"2.5 \cdot 10^{49}")
    assert (operand(1e25), operand(-2), operand(3)) == ("(10^{25})", "(-2)", "3")


@pytest.mark.parametrize(("kind", "rows", "columns"), [("batch", 3, 1), ("layer", 1, 4)])
def test_the_colours_show_who_shares_a_statistic(kind: Kind, rows: int, columns: int) -> None:
    names = ["sample 0", "sample 1", "sample 2"], ["a", "b", "c", "d"]
    page = tables.styled(Followed(worked(kind, X), 2, 1, 1e-5), "x", *names).to_html()
    cells = re.findall(
        r"#T_\w+_row(\d)_col(\d)", "".join(re.findall(r"[^}]*\{[^}]*background.*?\}", page, re.S))
    )
    assert (
        len({row for row, _ in cells}) == rows and len({column for _, column in cells}) == columns
    )
    assert ("2", "1") in cells


def test_the_csv_has_every_number_of_every_step_once() -> None:
    done = worked("layer", X)
    table = tables.long(Followed(done, 0, 0, 1e-5), ["0", "1", "2"], ["a", "b", "c", "d"])
    assert len(table) == sum(step.size for step in done.steps.values())
    found = table.query("step == 'result' and sample == '1' and feature == 'c'")["value"]
    assert found.tolist() == [done.result[1, 2]]


@pytest.mark.parametrize(
    ("kind", "mean", "missing"), [("batch", 4, "sample"), ("layer", 3, "feature")]
)
def test_in_the_csv_a_statistic_has_no_sample_or_no_feature(
    kind: Kind, mean: int, missing: str
) -> None:
    table = tables.long(Followed(worked(kind, X), 0, 0, 1e-5), ["0", "1", "2"], list("abcd"))
    means = table.query("step == 'mean'")
    assert len(means) == mean and (means[missing] == "").all()
    assert (means.drop(columns=missing) != "").all(axis=None)


def test_a_table_told_as_text_comes_back_in_every_digit() -> None:
    table = np.array([[1 / 3, -0.0], [1e25, np.nan]])
    np.testing.assert_array_equal(cases.read(cases.write(table), 2), table)
    assert cases.write(np.array([[1.0, 2.5], [np.nan, -3]])) == "1,2.5;,-3"


# ---- sentences -----------------------------------------------------------------------------------


def test_epsilon_is_spoken_of_where_it_is_not_small() -> None:
    x = np.array([[1.0, 10], [3, 30]])  # variances 1 and 100
    said = remarks.epsilon(worked("batch", x, eps=1.0), ["a", "b"], 1.0)
    assert said == (
        "ε = 1 is 50% of what stands under the root of a: the normalized numbers come out 0.707 "
        "times as large as without it."
    )
    assert remarks.epsilon(worked("batch", x, eps=1e-5), ["a", "b"], 1e-5) == ""


@pytest.mark.parametrize("value", [5.0, 0.1])
def test_running_averages_do_not_know_that_these_numbers_are_constant(value: float) -> None:
    x = np.full((3, 1), value)
    own, running = worked("batch", x), worked("batch", x, running=running_after(x, 10))
    said = [remarks.constant(own, ["a"], 1e-5), remarks.rounded(own, ["a"], 1e-5)]
    assert [words[:13] for words in said if words] == ["A is constant"]
    assert not remarks.constant(running, ["a"], 1e-5) and not remarks.rounded(running, ["a"], 1e-5)


def test_a_constant_of_which_only_rounding_is_left_is_none_of_epsilons() -> None:
    x = np.full((3, 1), 0.1)
    assert worked("batch", x).steps["variance"].item() > 0
    assert remarks.epsilon(worked("batch", x), ["a"], 1e-5) == ""


def test_without_epsilon_a_constant_is_said_to_be_no_number() -> None:
    said = remarks.constant(worked("layer", np.ones((1, 3)), eps=0.0), ["sample 0"], 0.0)
    assert said == "Sample 0 is constant: 0 / √(0 + 0) = NaN. Any ε above 0 makes it 0."


def test_what_float32_cannot_tell_apart_is_said_in_its_own_steps() -> None:
    done = worked("batch", np.array([[100_000_000.0], [100_000_004.0]]))
    assert remarks.float32(done, done.result + 1) == (
        "In float32, as models compute, torch's BatchNorm1d is up to 1 off: near 100000004 its "
        "numbers are 8 apart."
    )


def test_squares_beyond_float32_are_said_to_be_so() -> None:
    done = worked("rms", 1e20 * X)
    said = remarks.float32(done, by_reference("rms", 1e20 * X, precision="float32"))
    assert said.endswith("squares of 9e+20 are beyond its largest number, 3.4e+38.")
    assert remarks.float32(done, done.result + 1e-6) == ""


def test_gamma_and_beta_that_undo_nothing_are_not_spoken_of() -> None:
    assert remarks.undone(worked("batch", X), {"gamma": np.ones(4), "beta": np.zeros(4)}) == ""


# ---- picture and session -------------------------------------------------------------------------


def test_dots_are_the_numbers_and_dashes_their_means() -> None:
    groups, frame = Groups("feature", list("abcd"), list("123")), Frame("k", "T")
    panel = groups_panel(X.T, groups, frame, unit="x", chosen=(3, 2))
    *dots, means, ring = panel.figure.data
    assert [list(trace.x) for trace in dots] == X.T.tolist()
    assert list(means.x) == [4, 3, 4, 5]
    assert (ring.x[0], ring.y[0]) == (7, 3)
    assert "d: from 2 to 7, mean 5." in panel.alt
    alone = groups_panel(X.T, groups._replace(pooled=False), frame, unit="x", chosen=(3, 2))
    assert len(alone.figure.data) == len(panel.figure.data) - 1  # DyT has no mean
    with pytest.raises(ValueError, match=r"must have shape \(2, 3\)"):
        groups = Groups("s", list("ab"), list("123"))
        groups_panel(X, groups, frame, unit="x", chosen=(0, 0))


def test_an_editor_keeps_its_text_while_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, Any] = visitor(monkeypatch)
    assert editor("t", "1,2") == ("t 0", "1,2")
    state["t 0"] = "its edits"  # as Streamlit does once it is drawn
    session.put("t", "1,3")
    assert editor("t", "1,2") == ("t 0", "1,2")
    del state["t 0"]  # another page was looked at
    assert editor("t", "1,2") == ("t 0", "1,3")
    rewrite("t", "9,9")
    assert editor("t", "1,2") == ("t 1", "9,9")
