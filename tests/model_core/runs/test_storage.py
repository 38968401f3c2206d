"""Files are there whole or not at all, names stay inside, locks end with their process."""

import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_core.runs import storage
from model_core.runs.storage import (
    FileLock,
    check_name,
    is_locked,
    read_json,
    remedy,
    write_json,
    write_whole,
)
from tests.support.refusals import refusal
from tests.support.waiting import wait_until

# --- names ---------------------------------------------------------------------------------------

HOSTILE = [
    *("../../x", "..", ".", "", "/etc/passwd", "a/b", "a\\b", ".hidden", "-option", "_x"),
    *("a" * 65, "a\n", "a\0", "a b", "é", "<b>", "%2e%2e", "a:b", "١٢"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_could_leave_its_folder_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(ValueError) as error:
        check_name(name)
    assert "1 to 64 letters, digits" in str(error.value)
    assert len(str(error.value)) <= 200
    assert str(error.value).isprintable()


@pytest.mark.parametrize("name", ["a", "run-7", "a.b_c-d", "0", "a..b", "A" * 64])
def test_ordinary_names_are_kept_as_they_are(name: str) -> None:
    assert check_name(name) == name


@given(st.text(max_size=70))
def test_a_name_that_passes_is_one_visible_entry_of_its_folder(name: str) -> None:
    try:
        check_name(name)
    except ValueError:
        return
    assert Path("/runs", name).resolve().parent == Path("/runs").resolve()
    assert not name.startswith(".")


# --- writing -------------------------------------------------------------------------------------


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, name: str, nth: int) -> Iterator[list[int]]:
    """The n-th call of os.<name> fails like a broken disk; counts the calls."""
    real, calls = getattr(os, name), [0]

    def call(*arguments: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == nth:
            raise OSError(5, "Input/output error")
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, name, call)
        yield calls


@pytest.mark.parametrize(
    ("name", "nth", "left"),
    [("fsync", 1, b"old"), ("replace", 1, b"old"), ("fsync", 2, b"new"), ("open", 1, b"new")],
)
def test_a_failing_call_leaves_old_or_new_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, nth: int, left: bytes
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    with failing(monkeypatch, name, nth), pytest.raises(OSError, match="Input/output"):
        write_whole(path, b"new")
    assert path.read_bytes() == left
    assert os.listdir(tmp_path) == ["file"]


def test_writing_a_file_makes_file_and_folder_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing(monkeypatch, "fsync", nth=0) as calls:
        write_whole(tmp_path / "file", b"new")
    assert calls == [2]


def test_a_file_that_need_not_last_waits_for_no_disk_and_is_still_old_or_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    with failing(monkeypatch, "fsync", nth=0) as calls:
        write_whole(path, b"old", lasting=False)
    assert calls == [0]
    with failing(monkeypatch, "replace", nth=1), pytest.raises(OSError, match="Input/output"):
        write_whole(path, b"new", lasting=False)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_disk_that_is_full_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_whole(path, b"n" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("call", ["os.fsync", "os.replace"])
def test_a_process_that_dies_while_writing_leaves_the_old_content(
    tmp_path: Path, call: str
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    code = (
        f"from model_core.runs.storage import *; {call} = lambda *_: os._exit(9); "
        f"write_whole(Path({str(path)!r}), b'new')"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert path.read_bytes() == b"old"


def test_eight_threads_can_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def write(number: int) -> None:
        for _ in range(20):
            write_whole(path, bytes([number]) * 1000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    data = path.read_bytes()
    assert len(data) == 1000
    assert len(set(data)) == 1
    assert os.listdir(tmp_path) == ["file"]


# --- JSON ----------------------------------------------------------------------------------------


def test_json_comes_back_as_it_was_written(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None], "é\n": {"</script>": True}}
    write_json(tmp_path / "x.json", value)
    assert read_json(tmp_path / "x.json") == value


def test_a_number_that_is_none_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_json(tmp_path / "x.json", {"loss": float("nan")})
    assert os.listdir(tmp_path) == []


def write(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "x.json is missing or not readable"),
        (os.mkdir, "x.json is not a regular file"),
        (os.mkfifo, "x.json is not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "x.json is a link that leads out"),
        (write(b"{" + b" " * 2**20), "x.json has 1,048,577 bytes, more than 1,048,576"),
        (write(b'{"a": '), "x.json is damaged: it holds no JSON"),
        (write(b"\xff\xfe"), "x.json is damaged: it holds no JSON"),
        (write(b"[" * 900), "x.json is damaged: it holds no JSON"),
        (write(b"[1]"), "x.json is damaged: it holds no JSON object"),
        (write(b"null"), "x.json is damaged: it holds no JSON object"),
    ],
)
def test_what_is_no_json_object_is_refused_by_name(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / "x.json")
    assert words in refusal(read_json, tmp_path / "x.json")


def test_json_nested_too_deep_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"[" * 100_000 + b"]" * 100_000)
    assert "holds no JSON" in refusal(read_json, tmp_path / "x.json")


# --- locks ---------------------------------------------------------------------------------------


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_asking_whether_a_lock_is_held_neither_takes_nor_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    assert not path.exists()
    lock = FileLock(path)
    assert lock.acquire()
    assert is_locked(path)
    lock.release()
    assert not is_locked(path)


def test_with_patience_a_lock_is_taken_as_soon_as_it_is_given_back(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire(0.05)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second.acquire, 60)
        first.release()
        assert waiting.result()
    second.release()


def test_with_patience_those_who_only_ask_are_not_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    asked = os.open(path, os.O_RDONLY)
    fcntl.flock(asked, fcntl.LOCK_SH)  # what a question does, held for longer
    lock = FileLock(path)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lock.acquire, 60)
        os.close(asked)
        assert waiting.result()
    lock.release()


def test_a_child_that_inherits_a_lock_holds_it_until_its_end(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    assert lock.descriptor is not None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[lock.descriptor]) as child:
        lock.release()
        assert is_locked(tmp_path / "lock")
        child.communicate()
    assert not is_locked(tmp_path / "lock")


def test_on_windows_a_lock_is_asked_for_by_taking_it_for_an_instant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "WINDOWS", True)
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    for _ in range(2):
        assert is_locked(tmp_path / "lock")
    lock.release()
    for _ in range(2):
        assert not is_locked(tmp_path / "lock")


def test_on_windows_no_folder_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "WINDOWS", True)
    real = os.open

    def as_there(path: Any, *how: Any, **more: Any) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *how, **more)

    monkeypatch.setattr(os, "open", as_there)
    write_whole(tmp_path / "a", b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_lock_is_free_once_its_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "from model_core.runs.storage import *; import signal; "
        f"FileLock(Path({str(path)!r})).acquire() and signal.pause()"
    )
    # the lock object is kept by nothing but its descriptor
    holder = subprocess.Popen([sys.executable, "-c", code])
    try:
        wait_until(lambda: is_locked(path))
        assert not FileLock(path).acquire()
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert not is_locked(path)
    lock = FileLock(path)
    assert lock.acquire()
    lock.release()


def test_only_a_full_disk_is_said_to_need_space() -> None:
    assert remedy(OSError(errno.ENOSPC, "No space left on device")).startswith("Free space")
    for number in (errno.EACCES, errno.EIO, errno.EROFS):
        assert "space" not in remedy(OSError(number, "other")).lower()
