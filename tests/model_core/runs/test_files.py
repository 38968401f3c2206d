"""The way to a file of a run: only a regular file in its folder, at once, and not too large."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from model_core.runs.files import LIMITS, open_file, opened, read_file
from model_core.runs.files import refusal as why_not
from tests.support.refusals import refusal


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))  # such an address has at most 108 bytes


def linked_out(path: Path) -> None:
    (path.parent.parent / "outside").write_bytes(b"secret")
    path.symlink_to("../outside")


def linked_through(path: Path) -> None:
    linked_out(path.with_name("other"))
    path.symlink_to("other")


def large(path: Path) -> None:
    path.touch()
    os.truncate(path, LIMITS["text.txt"] + 1)


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "text.txt is not a regular file"),
    "socket": (listening, "text.txt is not a regular file"),
    "folder": (os.mkdir, "text.txt is not a regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "a link that leads out of its folder"),
    "link out": (linked_out, "a link that leads out of its folder"),
    "link to a link out": (linked_through, "a link that leads out of its folder"),
    "loop": (lambda path: path.symlink_to(path.name), "text.txt is not a regular file"),
    "too large": (large, "text.txt has 52,428,801 bytes, more than 52,428,800"),
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    return tmp_path / "run" / "text.txt"


@pytest.mark.parametrize(("make", "words"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY | os.O_APPEND], ids=["read", "write"])
def test_what_is_no_file_of_the_run_is_refused_at_once(
    path: Path, make: Callable[[Path], object], words: str, flags: int
) -> None:
    make(path)
    begin, open_before = time.monotonic(), len(os.listdir("/proc/self/fd"))
    assert words in refusal(open_file, path, flags)
    assert words in why_not(path)
    assert time.monotonic() - begin < 1
    assert len(os.listdir("/proc/self/fd")) == open_before


def test_a_file_and_a_link_to_its_neighbour_are_read(path: Path) -> None:
    assert why_not(path) == ""
    path.write_bytes(b"words")
    assert why_not(path) == ""
    (path.parent / "copy").symlink_to("text.txt")
    for one in (path, path.parent / "copy"):
        assert read_file(one) == b"words"
        with opened(one) as file:
            assert (file.read(2), file.read()) == (b"wo", b"rds")


def test_a_run_behind_a_link_is_read(path: Path) -> None:
    path.write_bytes(b"words")
    link = path.parent.with_name("link")
    link.symlink_to("run")
    assert read_file(link / "text.txt") == b"words"


def test_only_what_is_checked_afterwards_may_be_linked_from_outside(path: Path) -> None:
    linked_out(path)
    assert read_file(path, linked=True) == b"secret"
    path.with_name("pipe").symlink_to("../fifo")
    os.mkfifo(path.parent.parent / "fifo")
    words = "pipe is not a regular file"
    assert refusal(read_file, path.with_name("pipe"), linked=True) == words


def test_a_missing_file_is_said_to_be_missing(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(path)
