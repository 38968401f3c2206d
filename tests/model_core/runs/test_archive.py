"""A run as a zip and back, and zips that are no run of ours: one sentence, and nothing is made."""

import io
import shutil
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from model_core.runs import Run
from model_core.runs.archive import MANY, packed, unpack_run
from tests.support.refusals import refusal
from tests.support.runs import history, new_run

Files = dict[str, bytes]


def zipped(files: Files, *, compression: int = zipfile.ZIP_STORED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def files_of(run: Run) -> Files:
    with zipfile.ZipFile(io.BytesIO(packed(run.path))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_run_comes_back_as_it_was(recorded: Run, tmp_path: Path) -> None:
    data = packed(recorded.path)
    assert data == packed(recorded.path)
    made = unpack_run(data, tmp_path, "upload")
    assert made == tmp_path / recorded.name
    assert history(made) == history(recorded.path)
    again = Run.open(made)
    assert (again.text, again.status.state) == (recorded.text, "finished")
    assert unpack_run(data, tmp_path, "upload").name == f"{recorded.name}-2"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert (made / "resume.safetensors").read_bytes() == (
        recorded.path / "resume.safetensors"
    ).read_bytes()


def test_a_folder_zipped_by_hand_is_read_and_what_is_of_one_place_stays_out(
    recorded: Run, tmp_path: Path
) -> None:
    files = {name.partition("/")[2]: data for name, data in files_of(recorded).items()}
    files |= {
        "trainer.lock": b"",
        "trainer.log": b"x",
        "request": b"stop",
        "projections/a.npz": b"",
    }
    made = unpack_run(zipped(files, compression=zipfile.ZIP_DEFLATED), tmp_path, "by-hand")
    assert made.name == "by-hand"
    assert not {"trainer.lock", "trainer.log", "request"} & {path.name for path in made.iterdir()}


def test_a_run_in_training_says_that_it_was_cut_short(tmp_path: Path, recorded: Run) -> None:
    shutil.copytree(recorded.path, tmp_path / "a")
    status = (tmp_path / "a" / "status.json").read_text().replace("finished", "running")
    (tmp_path / "a" / "status.json").write_text(status)
    assert Run.open(unpack_run(packed(tmp_path / "a"), tmp_path, "a")).status.state == "stopped"


def changed(name: str, content: bytes) -> Callable[[Files], bytes]:
    return lambda files: zipped(files | {name: content})


def without(name: str) -> Callable[[Files], bytes]:
    return lambda files: zipped({key: one for key, one in files.items() if name not in key})


def linked(files: Files) -> bytes:
    """text.txt as a link to a file of the system."""
    data = io.BytesIO(zipped({key: one for key, one in files.items() if "text.txt" not in key}))
    with zipfile.ZipFile(data, "a") as archive:
        entry = zipfile.ZipInfo("fox/text.txt")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return data.getvalue()


def twice(files: Files) -> bytes:
    data = io.BytesIO(zipped(files))
    with pytest.warns(UserWarning), zipfile.ZipFile(data, "a") as archive:
        archive.writestr("fox/text.txt", "another")
    return data.getvalue()


def lying(files: Files) -> bytes:
    """A bomb: text.txt says that it has 10 bytes."""
    data = zipped(files | {"fox/text.txt": b"a" * 10**6}, compression=zipfile.ZIP_DEFLATED)
    return data.replace((10**6).to_bytes(4, "little"), (10).to_bytes(4, "little"))


def encrypted(files: Files) -> bytes:
    data = bytearray(zipped(files))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


REFUSED: dict[str, tuple[Callable[[Files], bytes], str]] = {
    "nothing": (lambda _: b"", "this is no zip file"),
    "noise": (lambda _: b"PK" * 5000, "this is no zip file"),
    "cut short": (lambda files: zipped(files)[:-9], "this is no zip file"),
    "no run": (lambda _: zipped({"a.txt": b"a"}), "the zip holds 0 runs"),
    "two runs": (changed("other/run.json", b"{}"), "the zip holds 2 runs"),
    "a way up": (changed("fox/../../x", b""), "the zip holds 'fox/../../x', which is no file of"),
    "an absolute name": (changed("/etc/x", b""), "the zip holds '/etc/x', which is no file of a"),
    "a strange file": (changed("fox/a.pkl", b""), "the zip holds 'fox/a.pkl', which is no file"),
    "a deep snapshot": (changed("fox/snapshots/a/00000000.safetensors", b""), "the zip holds 'fox"),
    "a name of a run": (
        lambda files: zipped({f"..{key[3:]}": one for key, one in files.items()}),
        "run name '..' must be 1 to 64 letters",
    ),
    "too large": (changed("fox/note.txt", bytes(2**20 + 1)), "note.txt has 1,048,577 bytes, more"),
    "no text": (without("text.txt"), "the zip lacks text.txt, which every run has"),
    "no step": (without("snapshots"), "run fox has no whole recorded step that fits"),
    "twice": (twice, "the zip holds text.txt twice"),
    "lies": (lying, "this is no zip file that can be read whole"),
    "encrypted": (encrypted, "this is no zip file that can be read whole"),
    "another tokenizer": (changed("fox/tokenizer.json", b"[]"), "tokenizer.json is damaged: it"),
    "deep JSON": (changed("fox/run.json", b"[" * 100_000), "run.json is damaged: it holds no JSON"),
    "a pickle": (changed("fox/run.json", b"\x80\x04cos\nsystem\n."), "run.json is damaged"),
    "many": (
        lambda files: zipped({f"fox/{n}": b"" for n in range(70_000)}),
        "this is no zip file that can be read whole",
    ),
    "a long list": (
        lambda files: zipped(files | {f"fox/{'x' * 9000}{n}": b"" for n in range(500)}),
        "the zip lists 4,",
    ),
    "another way": (
        lambda files: zipped(files, compression=zipfile.ZIP_LZMA),
        "fox/run.json is packed in a way",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_run_is_refused_and_leaves_nothing(
    name: str, recorded: Run, tmp_path: Path
) -> None:
    make, words = REFUSED[name]
    with pytest.raises(ValueError) as error:
        unpack_run(make(files_of(recorded)), tmp_path, "upload")
    said = str(error.value)
    assert said.startswith(words.replace("fox/run.json is packed", "metrics.jsonl is packed")), said
    assert len(said) <= 200 and said.isprintable()
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_is_not_unpacked_beyond_the_size_it_says(recorded: Run, tmp_path: Path) -> None:
    data = zipped(
        files_of(recorded) | {"fox/note.txt": bytes(5 * 10**7)}, compression=zipfile.ZIP_DEFLATED
    )
    said = data.replace((5 * 10**7).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="no zip file that can be read whole"):
            unpack_run(said, tmp_path, "upload")
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()


def test_a_name_taken_elsewhere_is_not_given_again(recorded: Run, tmp_path: Path) -> None:
    made = unpack_run(packed(recorded.path), tmp_path, "upload", ("fox", "fox-2"))
    assert made == tmp_path / "fox-3"


def test_a_link_is_only_a_text(recorded: Run, tmp_path: Path) -> None:
    made = unpack_run(linked(files_of(recorded)), tmp_path, "upload")
    assert (made / "text.txt").read_text() == "/etc/passwd"
    assert not (made / "text.txt").is_symlink()
    assert Run.open(made).changed == ["text.txt"]  # which the page then says


def test_a_run_too_large_for_one_file_is_not_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = new_run(tmp_path / "fox")
    monkeypatch.setattr("model_core.runs.archive.LARGEST", 10)
    assert refusal(packed, path).startswith("run fox has 0 MB in 4 files, more than")
    assert MANY > 10_000
