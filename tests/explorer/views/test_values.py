"""Values: heatmaps, numbers and files of both tables, against the recorded tables themselves."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from explorer.views.tables.values import files, numbers
from explorer.views.tables.values.which import CHANGE, FIRST, NOW, Which
from explorer.visit.moment import Moment, moment_of
from model_core.config import Table
from tests.support.pages import SHIPPED, drawn, opened, panels, visitor
from tests.support.runs import recorded_run

STEPS = SHIPPED.steps.tolist()
TOKENS = SHIPPED.token_embeddings()


def values(**query: str) -> AppTest:
    return opened("tables", **{"tables.view": "Values"} | query)


def heat(app: AppTest, panel: str = "tokens") -> np.ndarray:
    """The numbers of a heatmap at all steps, or at the one it has."""
    header, arrays = drawn(app)
    (found,) = (one for one in header["panels"] if one["key"] == panel)
    return arrays[found["moving"][0]["array"]]


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Moment:
    """The shipped run at its third recorded step."""
    visitor(monkeypatch)
    return replace(moment_of(SHIPPED), step=STEPS[2])


def test_a_heatmap_shows_the_table_or_its_change_since_any_recorded_step() -> None:
    app = values()
    np.testing.assert_array_equal(heat(app), TOKENS)
    app.segmented_control(key="tables.values").set_value(CHANGE).run()
    np.testing.assert_array_equal(heat(app), TOKENS - TOKENS[0])
    for since in (STEPS[4], STEPS[1]):
        app.selectbox(key="tables.since").set_value(since).run()
        np.testing.assert_array_equal(heat(app), TOKENS - TOKENS[STEPS.index(since)])
        assert f"change since step {since:,}" in panels(app)["tokens"]["title"]
    app.segmented_control(key="tables.values").set_value(FIRST).run()
    assert panels(app)["tokens"]["moving"] == []
    assert not app.exception


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Which(NOW, 0), TOKENS[2]),
        (Which(FIRST, 0), TOKENS[0]),
        (Which(CHANGE, STEPS[1]), TOKENS[2] - TOKENS[1]),
    ],
    ids=str,
)
def test_the_table_has_every_row_with_what_is_measured_of_it(
    which: Which, expected: np.ndarray, moment: Moment
) -> None:
    found = numbers.whole(moment, which, "tokens")
    np.testing.assert_array_equal(found.filter(like="channel"), expected)
    text = SHIPPED.tokenizer.decode(SHIPPED.split().train.tolist())
    assert found["count"].tolist() == [text.count(token) for token in SHIPPED.tokenizer.tokens]
    row = found.loc[5]
    assert row["token"] == SHIPPED.tokenizer.tokens[5]
    assert row["updates"] == STEPS[2]  # every letter stands in every batch of the one sentence
    assert row["drift"] == pytest.approx(np.sqrt(((TOKENS[2, 5] - TOKENS[0, 5]) ** 2).sum()))
    assert row["move"] == pytest.approx(np.sqrt(((TOKENS[2, 5] - TOKENS[1, 5]) ** 2).sum()))
    places = numbers.whole(moment, which, "positions")
    assert list(places.columns[:4]) == ["norm", "rank", "drift", "move"] and len(places) == 41


def test_at_the_first_step_nothing_has_moved(moment: Moment) -> None:
    found = numbers.whole(replace(moment, step=STEPS[0]), Which(NOW, 0), "tokens")
    assert not found[["drift", "move", "updates"]].to_numpy().any()


def test_the_files_hold_the_tables_of_the_step_to_the_bit(moment: Moment) -> None:
    npz = np.load(io.BytesIO(files.as_npz(moment)), allow_pickle=False)
    np.testing.assert_array_equal(npz["token_embeddings"], TOKENS[2])
    np.testing.assert_array_equal(npz["position_embeddings"], SHIPPED.position_embeddings()[2])
    assert npz["tokens"].tolist() == list(SHIPPED.tokenizer.tokens) and npz["step"] == STEPS[2]
    vectors = np.loadtxt(io.BytesIO(files.as_vectors(moment)), np.float32, delimiter="\t")
    np.testing.assert_array_equal(vectors, TOKENS[2])
    lines = files.as_metadata(moment).decode().split("\n")
    head, *rows = csv.reader(lines[:-1], delimiter="\t", quoting=csv.QUOTE_NONE)
    assert head[:4] == ["token", "id", "count", "updates"] and len(rows) == len(vectors)
    assert [row[1] for row in rows] == [str(one) for one in range(27)] and rows[0][0] == "␣"


def test_a_mark_in_the_numbers_chooses_the_row_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    app = values(token="4")
    assert app.session_state["tables.tokens.rows"]["selection"]["rows"] == [4]
    state = visitor(monkeypatch)
    fields: dict[Table, str] = {"tokens": "token", "positions": "query"}
    for name, field in fields.items():
        for rows, chosen in (([2], 7), ([2], 7), ([], None)):
            state["key"] = SimpleNamespace(selection=SimpleNamespace(rows=rows))
            numbers.choose_row(name, "key", [3, 5, 7])
            assert getattr(state["visit"].chosen, field) == chosen


def test_tokens_that_end_with_nul_come_back_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor(monkeypatch)
    run = recorded_run(tmp_path / "nul", "a\0b" * 20, steps=1, snapshots=2)
    npz = np.load(io.BytesIO(files.as_npz(moment_of(run))), allow_pickle=False)
    both = zip(npz["tokens"].tolist(), npz["token_lengths"].tolist(), strict=True)
    assert [token.ljust(length, "\0") for token, length in both] == ["\0", "a", "b"]


def test_a_run_without_its_text_has_no_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor(monkeypatch)
    run = recorded_run(tmp_path / "bare", steps=2, snapshots=2)
    (run.path / "text.txt").unlink()
    found = numbers.whole(moment_of(run), Which(NOW, 0), "tokens")
    assert list(found.columns[:2]) == ["token", "norm"]


def test_a_large_vocabulary_is_shown_in_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "aaa" * 10 + "".join(map(chr, range(0x4E00, 0x4E00 + 1200)))
    recorded_run(tmp_path / "pages", text, steps=1, snapshots=2)
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    app = values(run="pages")

    def shown() -> pd.DataFrame:
        return app.dataframe[0].value

    assert shown().index.tolist() == list(range(1000))
    app.number_input(key="tables.tokens.page").set_value(2).run()
    assert shown().index.tolist() == list(range(1000, 1201))
    app.selectbox(key="tables.tokens.sort").set_value("count").run()
    app.number_input(key="tables.tokens.page").set_value(1).run()
    assert shown()["token"].iloc[0] == "a"
    app.text_input(key="tables.search").set_value("丁").run()
    assert shown()["token"].tolist() == ["丁"]
    assert not app.exception
