"""Files of lessons: each made once, in turn, few of them; a server that ends waits for none."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.views.lessons import making
from explorer.views.lessons.making import LessonFile, Maker
from tests.support.waiting import wait_until

PYTHON = sys.executable
# In the place of Python: says that it draws the first slide, and ends once it may.
PATIENT = """#!/bin/sh
echo 1
while [ ! -e {go} ]; do sleep 0.02; done
printf "$3" > "$5"
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file at which those that are made come to their end."""
    go, stands_in = tmp_path / "go", tmp_path / "python"
    stands_in.write_text(PATIENT.format(go=go))
    stands_in.chmod(0o755)
    monkeypatch.setattr(making.sys, "executable", str(stands_in))
    yield go
    go.touch()


def lesson_file(name: str) -> LessonFile:
    return LessonFile(name, (name,), "run")


def test_what_several_ask_for_is_made_once_and_in_turn(go: Path) -> None:
    maker = Maker()
    for name in "abab":
        maker.ask(lesson_file(name))
    first, second = maker.files
    wait_until(lambda: first.at == 1)
    assert [maker.before(first), maker.before(second)] == [0, 1] and second.at == 0
    go.touch()
    wait_until(lambda: second.is_done)
    assert [first.data, second.data] == [b"a", b"b"]
    maker.ask(lesson_file("a"))
    assert maker.files == [first, second]


def test_few_wait_and_few_are_kept(go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "MOST", 3)
    maker = Maker()
    for name in "abcd":
        assert maker.is_full == (name == "d")
        maker.ask(lesson_file(name))
    go.touch()
    wait_until(lambda: not maker.is_full and all(one.is_done for one in maker.files))
    maker.ask(lesson_file("e"))
    assert [one.name for one in maker.files] == ["b", "c", "e"]


def test_a_server_that_ends_waits_for_no_file(go: Path) -> None:
    script = f"""
import sys, time
from explorer.views.lessons.making import LessonFile, Maker
sys.executable = {making.sys.executable!r}
maker = Maker()
for name in "ab":
    maker.ask(LessonFile(name, (name,), "run"))
while not maker.files[0].at:
    time.sleep(0.01)
"""
    subprocess.run([PYTHON, "-c", script], check=True, timeout=30)
