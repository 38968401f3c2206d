"""Long texts behind short names: whole, bounded, and never another text."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from explorer.visit import kept, session
from explorer.visit.kept import recalled, shortened
from tests.support.pages import FOX, captions, opened, words

CHINESE = "春眠不觉晓，处处闻啼鸟。" * 625  # 7,500 characters: 67,500 in an address


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    yield tmp_path / ".sentences"


@pytest.mark.parametrize("text", [CHINESE, "שלום " * 2_000, "e\u0301\n" * 3_000, "🦊" * 10_000])
def test_a_long_text_comes_back_whole_by_a_short_name(folder: Path, text: str) -> None:
    name = shortened(text)
    assert name and len(name) == 21 and name == shortened(text)
    assert recalled(name) == text
    assert len(list(folder.iterdir())) == 1


def test_a_short_text_stays_and_one_that_looks_like_a_name_is_kept(folder: Path) -> None:
    short = "the lazy dog " * 100
    assert shortened(short) == short == recalled(short) and not folder.exists()
    name = f"kept-{'0' * 16}"
    assert recalled(shortened(name) or "") == name


@pytest.mark.parametrize("name", ["kept-0123456789abcdef", "kept-../../../../etc", "kept-"])
def test_a_name_leads_to_nothing_else(folder: Path, name: str) -> None:
    assert recalled(name) in (None, name)


def test_a_file_that_was_changed_is_not_that_text_any_more(folder: Path) -> None:
    name = shortened(CHINESE)
    assert name
    (folder / name).write_text("another")
    assert recalled(name) is None
    (folder / name).unlink()
    (folder / name).symlink_to("/etc/hostname")
    assert recalled(name) is None


def test_the_texts_asked_for_longest_ago_go_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    names = [shortened(f"{number}{CHINESE}") for number in range(3)]
    for age, name in enumerate(names):
        assert name
        os.utime(folder / name, (10 + age, 10 + age))
    shortened(f"0{CHINESE}")  # is asked for again
    names.append(shortened(f"3{CHINESE}"))
    assert [recalled(name or "") is None for name in names] == [False, True, False, False]


def test_what_cannot_be_kept_is_left_out_of_the_address(folder: Path) -> None:
    assert shortened("x" * (kept.LARGEST + 1)) is None
    folder.write_text("in the way")
    assert shortened(CHINESE) is None


def test_an_address_with_long_texts_is_short_and_brings_them_back(folder: Path) -> None:
    second = CHINESE[::-1]
    app = opened("attention", text=CHINESE, **{"attention.view": "Two sentences"})
    app.text_input(key="attention.second").set_value(second).run()
    query = dict(app.query_params.items())
    assert len(urlencode(query)) < 300
    assert captions(app).count(kept.SAID) == 2
    again = opened("attention", **query)
    assert again.text_input(key="text").value == CHINESE
    assert again.text_input(key="attention.second").value == second
    for path in folder.iterdir():
        path.unlink()
    gone = opened("attention", **query)
    assert session.LOST in words(gone)
    assert gone.text_input(key="text").value == FOX
