import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.charts.parts.labels import (
    DRAWN,
    LINE,
    bare,
    column_ticks,
    columns,
    count_ticks,
    escape,
    fitted,
    in_lines,
    isolated,
    row_ticks,
    running,
    shortened,
    width,
    with_positions,
)

HOSTILE = [
    "<b>",
    "</b>",
    '<a href="x">',
    "&lt;",
    "<extra>",
    "</extra>",
    "%{x}",
    "$x$",
    "a<br>b",
    "·",
    "⏎",
    "⇥",
    "'",
    '"',
    "1",
    "",
    "</script><img src=x onerror=alert(1)>",
    "=1+1",
    "é",
    "👩‍👩‍👧",
]


@pytest.mark.parametrize("label", HOSTILE)
def test_an_escaped_label_holds_no_markup_and_reads_back_as_it_was(label: str) -> None:
    escaped = escape(label)
    assert not {"<", ">", "$"} & set(escaped) and "%{" not in escaped
    assert html.unescape(escaped) == label


def test_quotes_stay_as_plotly_does_not_know_their_entity() -> None:
    assert escape("'\"") == "'\""


@given(st.text(alphabet="&<>;#36ltamp$%{}x") | st.text())
def test_any_text_survives_escaping(text: str) -> None:
    assert html.unescape(escape(text)) == text


def test_repeated_tokens_get_their_position_and_others_stay() -> None:
    assert with_positions(["a", "o", "b", "o"]) == ["a", "o 1", "b", "o 3"]
    assert with_positions(list("aaaa 11")) == ["a 0", "a 1", "a 2", "a 3", " ", "1 5", "1 6"]


def test_a_token_that_looks_like_a_position_does_not_make_two_alike() -> None:
    names = with_positions(["o 1", "o", "o 2", "o", "o"])
    assert len(set(names)) == 5


@given(st.lists(st.sampled_from(["o", "o 0", "o 1", "o 2", "o 1 2", ""]), max_size=8))
def test_labels_with_positions_are_always_unique(labels: list[str]) -> None:
    assert len(set(with_positions(labels))) == len(labels)


@given(
    st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=80),
    st.integers(20, 900),
    st.data(),
)
def test_ticks_never_overlap_and_the_chosen_row_is_among_them(
    labels: list[str], pixels: int, data: st.DataObject
) -> None:
    chosen = data.draw(st.none() | st.integers(0, len(labels) - 1))
    places = row_ticks(labels, pixels, chosen)["tickvals"]
    cell = pixels / len(labels)
    assert all((b - a) * cell >= LINE for a, b in zip(places, places[1:], strict=False))
    assert chosen is None or chosen in places


def test_all_rows_are_labelled_where_they_fit_and_every_second_where_not() -> None:
    labels = list("abcdefgh")
    assert row_ticks(labels, 8 * LINE)["tickvals"] == list(range(8))
    assert row_ticks(labels, 4 * LINE)["tickvals"] == [0, 2, 4, 6]
    assert row_ticks(labels, 4 * LINE)["ticktext"] == ["a", "c", "e", "g"]


def test_a_chosen_row_takes_the_place_of_neighbours_it_would_cover() -> None:
    ticks = row_ticks(list("abcdefgh"), 4 * LINE, chosen=3)
    assert ticks["tickvals"] == [0, 3, 6]
    assert ticks["ticktext"] == ["a", "<b>d</b>", "g"]


def test_column_labels_stand_upright_only_where_all_fit() -> None:
    words = ["quick", "brown"]
    assert column_ticks(words, 200)["tickangle"] == 0
    assert column_ticks(words, 60)["tickangle"] == -90


def test_channels_are_counted_in_round_steps() -> None:
    assert count_ticks(5, 400)["tickvals"] == [0, 1, 2, 3, 4]
    assert count_ticks(64, 400)["tickvals"] == list(range(0, 64, 5))
    assert count_ticks(1000, 400)["tickvals"] == list(range(0, 1000, 200))


def test_wide_characters_count_twice() -> None:
    assert width("狐") == 2 * width("x")


@pytest.mark.parametrize(
    ("label", "taken"), [("", 0), ("fox", 3), ("狐", 2), ("é", 1), ("e\u0301", 1), ("😀", 2)]
)
def test_columns_of_a_monospaced_font(label: str, taken: int) -> None:
    assert columns(label) == taken


def test_a_label_is_filled_or_cut_to_its_room() -> None:
    assert fitted("fox", 5) == "fox  "
    assert fitted("foxes", 5) == "foxes"
    assert fitted("foxtrot", 5) == "foxt…"
    assert fitted("狐狐狐", 5) == "狐狐…"
    assert fitted("狐狐狐狐", 6) == "狐狐… "
    assert fitted("cafe\u0301s", 4) == "caf…"
    assert fitted("cafe\u0301", 4) == "cafe\u0301"


@pytest.mark.parametrize("letter", ["x", "狐", "ש", "ह"])
def test_a_token_of_5000_characters_is_cut_where_drawn_and_whole_or_counted_on_hover(
    letter: str,
) -> None:
    label = isolated(letter * 5_000)
    assert columns(shortened(label)) in (DRAWN, DRAWN - 1) and bare(shortened(label))[-1] == "…"
    (tick,) = row_ticks([label], 400)["ticktext"]
    assert columns(tick) <= DRAWN and width(label) == width("x" * DRAWN)
    assert max(map(columns, with_positions([label] * 3))) <= DRAWN
    lines = in_lines(label).split("<br>")
    assert [bare(line) for line in lines[:-1]] == [letter * 60] * 10
    assert lines[-1] == "… 5,000 characters"
    assert bare(in_lines(isolated(letter * 150))).replace("<br>", "") == letter * 150


@pytest.mark.parametrize("label", ["שלום", "مُحَمَّد", "␣כן", "٣٤"])
def test_a_label_written_right_to_left_keeps_its_direction_to_itself(label: str) -> None:
    shown = isolated(label)
    assert shown == f"\u2068{label}\u2069" == isolated(shown) and bare(shown) == label
    assert columns(shown) == columns(label)
    assert fitted(shown, 9) == shown + " " * (9 - columns(label))
    assert running([shown, " ", shown]) == f"\u2068{label} {label}\u2069"


def test_what_is_cut_is_isolated_with_its_ellipsis() -> None:
    assert fitted(isolated("שלום"), 3) == "\u2068של…\u2069"


@pytest.mark.parametrize("label", ["fox", "हिन्दी", "สวัสดี", "春眠", "e\u0301", "42", "⟨0xE2⟩"])
def test_other_labels_stay_as_they_are(label: str) -> None:
    assert isolated(label) == label


@given(st.text(st.sampled_from("ab狐😀\u0301…")), st.integers(1, 9))
def test_a_fitted_label_takes_its_room_exactly(label: str, room: int) -> None:
    assert columns(fitted(label, room)) == room
