"""Look up: the view in Streamlit's test harness, against the recorded tables themselves."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.data import cuts
from explorer.views.tables.look_up import three_tokenizers
from explorer.views.tables.look_up.any_id import refused
from explorer.views.tables.look_up.rows import window
from explorer.visit.moment import moment_of
from model_core.embeddings.lookup import refusal
from model_core.runs import Run
from model_core.tokenizers import train_tokenizer
from model_core.words import spaced
from tests.support.pages import FOX, SHIPPED, captions, drawn, opened, panels, visitor, words
from tests.support.runs import recorded_run

IDS = SHIPPED.tokenizer.encode(FOX)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of more tokens and channels than are drawn whole."""
    folder = tmp_path_factory.mktemp("large") / "runs"
    text = "".join(map(chr, range(40, 100))) * 4
    return recorded_run(folder / "large", text, n_embd=12, steps=3, snapshots=3)


def moving(app: AppTest, panel: str) -> np.ndarray:
    header, arrays = drawn(app)
    (found,) = (one for one in header["panels"] if one["key"] == panel)
    return arrays[found["moving"][0]["array"]]


def test_quick_is_looked_up_in_both_tables_and_added() -> None:
    app = opened("tables", pair="4")
    tokens, positions = SHIPPED.token_embeddings(), SHIPPED.position_embeddings()
    np.testing.assert_array_equal(moving(app, "tokens"), tokens)
    np.testing.assert_array_equal(moving(app, "positions"), positions[:, :16])
    sums = tokens[:, IDS[:16]] + positions[:, :16]
    np.testing.assert_array_equal(moving(app, "entering"), sums)
    shown = panels(app)
    assert shown["text"]["beneath"] == [str(one) for one in IDS]
    assert shown["text"]["says"] == "'{key}' at {key_at}"  # of the token pointed at, too
    written, (name, cell) = shown["arithmetic"]["texts"], shown["arithmetic"]["table"]
    assert shown["arithmetic"]["title"].startswith(f"'k' at position 4 has id {IDS[4]}:")
    for text, row, place, total in zip(
        written, tokens[:, IDS[4]], positions[:, 4], sums[:, 4], strict=True
    ):
        numbers = re.findall(r"−?\d+\.\d{4}", text)
        expected = [f"{value:.4f}".replace("-", "−") for value in (*row, *place, *total)]
        assert numbers == expected
        assert {len(line) for line in text.split("\n")} == {name + 5 * cell}


def test_the_model_itself_receives_the_same_numbers_at_the_settled_step() -> None:
    for step in (0, 1000):
        said = captions(opened("tables", step=str(step)))
        assert f"Checked at step {step:,}: in a forward pass the first block receives the same" in (
            said.replace("\\", "")
        )


def test_a_sum_that_the_model_does_not_compute_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.views.tables.look_up import view

    real = view.entering
    monkeypatch.setattr(view, "entering", lambda *given: real(*given) + np.float32(0.25))
    assert "numbers that differ by up to 2.5e-01" in captions(opened("tables")).replace("\\", "")


def test_any_id_has_a_row_or_what_torch_says() -> None:
    app = opened("tables")
    for id_ in (27, 5, -1, 26):
        app.number_input(key="tables.id").set_value(id_).run()
        assert not app.exception
        if 0 <= id_ < 27:
            values = SHIPPED.token_embeddings()[-1, id_]
            row = ", ".join(f"{value:.4f}".replace("-", "−") for value in values)
            assert f"Row {id_} is '{SHIPPED.tokenizer.tokens[id_]}' = ({row}) at step 1,000" in (
                captions(app).replace("\\", "")
            )
            assert words(app) == []
        else:
            (said,) = words(app)
            assert "index out of range in self" in said and "0 … 26" in said


def test_the_refusal_of_the_largest_table_fits_into_a_line() -> None:
    assert len(refused(-(10**9), 999_999, refusal(-1, 3))) <= 200


def test_of_a_large_table_the_rows_used_are_drawn(
    large: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(large.path.parent))
    app = opened("tables", run="large", text="Zebra", pair="2")
    ids = sorted(one for _, one in large.tokenizer.pieces("Zebra") if one is not None)
    np.testing.assert_array_equal(moving(app, "tokens"), large.token_embeddings(ids))
    assert panels(app)["tokens"]["title"] == "One-hot × token table (60 × 12), the rows used"
    channels, *sums = panels(app)["arithmetic"]["texts"][-1].split("\n")
    assert channels.split() == ["channel", *map(str, range(12))]
    assert [len(re.findall(r"\d\.\d{4}", line)) for line in sums] == [12] * 3


def test_a_model_without_positions_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Run] = Run.open

    def without(path: Path) -> Run:
        run = real(path)
        run.anatomy = replace(run.anatomy, positions=None)
        return run

    monkeypatch.setattr(Run, "open", without)
    app = opened("tables")
    assert "positions" not in panels(app)
    assert "+ row" not in panels(app)["arithmetic"]["texts"][0]
    said: Any = captions(app).replace("\\", "")
    assert "This model has no table of positions: the token row alone enters." in said
    assert "numbers that differ by" in said  # this one adds positions all the same


@pytest.mark.parametrize(
    ("at", "count", "shown"),
    [(0, 5, (0, 5)), (4, 41, (0, 16)), (20, 41, (12, 28)), (40, 41, (25, 41)), (3, 16, (0, 16))],
)
def test_the_positions_drawn_hold_the_chosen_one(
    at: int, count: int, shown: tuple[int, int]
) -> None:
    found = window(at, count)
    assert (found.start, found.stop) == shown and at in found


def test_one_text_is_cut_by_three_tokenizers_that_give_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor(monkeypatch)
    moment, found = moment_of(SHIPPED), cuts.tokenizers(SHIPPED)
    pieces = {kind: one.pieces(FOX) for kind, one in found.items() if not isinstance(one, str)}
    assert all("".join(piece for piece, _ in cut) == FOX for cut in pieces.values())
    assert [id_ for _, id_ in pieces["character"]] == IDS
    assert [piece for piece, _ in pieces["word"]][:3] == ["Quick", " brown", " fox"]
    table = three_tokenizers.as_table(moment, found, FOX).set_index("tokens are")
    tokens = [41, 9, len(train_tokenizer(SHIPPED.text, "bpe", cuts.PAIRS).encode(FOX))]
    assert table["tokens of this sentence"].tolist() == tokens
    sizes = [27, len(set(spaced(SHIPPED.text)))]
    assert table["vocabulary V"].tolist()[:2] == sizes and 256 < table["vocabulary V"].iloc[2] < 512
    parameters = table["parameters of the table V × C"]
    assert parameters.tolist() == (table["vocabulary V"] * 5).tolist()
    shown = three_tokenizers.written(pieces["word"][:2])
    ids = [id_ for _, id_ in pieces["word"][:2]]
    assert shown == f"Quick\u00a0{ids[0]}   ␣brown\u00a0{ids[1]}"
    assert three_tokenizers.written([("ü", None)]) == "ü\u00a0–"


def test_the_three_tokenizers_are_shown_when_they_are_asked_for() -> None:
    app = opened("tables")
    assert not app.code
    for text in ("the dog", ""):
        app.text_input(key="text").set_value(text).run()
        if not app.code:
            app.toggle(key="tables.three").set_value(True).run()
        assert not app.exception and len(app.code) == 3
        assert "o" in app.code[0].value
