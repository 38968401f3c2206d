"""A run as one file: a zip of what it is made from and what it recorded, and back."""

import os
import re
import shutil
import struct
import time
import zlib
from collections.abc import Collection
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from model_core.runs.files import MIB, limit, read_file
from model_core.runs.run import Run
from model_core.runs.storage import check_name, sync_folder, write_whole

LARGEST = 300 * MIB  # of all files together
MANY = 20_000  # files
DIRECTORY = 200 * MANY  # bytes of the list of files at the zip's end
NEEDED = ("run.json", "tokenizer.json", "text.txt")
PARTS = re.compile(
    r"(run|tokenizer|status)\.json|(text|note)\.txt|metrics\.jsonl|resume\.safetensors"
    r"|snapshots/\d{8,10}\.safetensors"
)
# Of a folder that was zipped by hand: what a new place makes anew.
LEFT_OUT = re.compile(r"trainer\.(lock|log)|request|projections/[\w.-]+|(snapshots|projections)/")
_END = b"PK\x05\x06"


class _Entry(NamedTuple):
    """A file of the zip, by its name in the run's folder."""

    name: str
    info: ZipInfo


def packed(path: Path) -> bytes:
    """The run in `path` as a zip, the same bytes for the same run; ValueError for a large one."""
    names = sorted(one.relative_to(path).as_posix() for one in path.rglob("*"))
    names = [name for name in names if PARTS.fullmatch(name)]
    size = sum((path / name).stat().st_size for name in names)
    if size > LARGEST or len(names) > MANY:
        raise ValueError(
            f"run {path.name} has {size // MIB:,} MB in {len(names):,} files, more than "
            f"{LARGEST // MIB} MB or {MANY:,}; copy its folder instead"
        )
    data = BytesIO()
    with ZipFile(data, "w") as archive:
        for name in names:
            entry = ZipInfo(f"{path.name}/{name}")  # of 1980: a zip's time says nothing here
            entry.compress_type = ZIP_STORED if name.endswith(".safetensors") else ZIP_DEFLATED
            archive.writestr(entry, read_file(path / name))
    return data.getvalue()


def unpack_run(data: bytes, folder: Path, fallback: str, taken: Collection[str] = ()) -> Path:
    """Make a run of a zip in a runs folder, under its own name or `fallback`.

    Where a run there has that name, or it is one of those `taken`, a number follows. Nothing of the
    zip is believed: names, sizes and numbers are checked as those of a folder from anywhere, and a
    run that does not open is not made. ValueError with the reason.
    """
    try:
        with ZipFile(_checked_end(data)) as archive:
            name, entries = _entries(archive.infolist())
            return _made(
                archive, entries, folder / free_name(folder, check_name(name or fallback), taken)
            )
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error):
        raise ValueError(
            "this is no zip file that can be read whole; download the run again"
        ) from None


def _checked_end(data: bytes) -> BytesIO:
    """The bytes to read from; refused where the list at their end is long, before it is read."""
    end = data[-22:]
    if len(end) < 22 or not end.startswith(_END) or data[-42:-38] == b"PK\x06\x07":
        raise BadZipFile
    size = int.from_bytes(end[12:16], "little")
    if size > DIRECTORY:
        raise ValueError(f"the zip lists {size:,} bytes of names; a run has at most {DIRECTORY:,}")
    return BytesIO(data)


def _entries(infos: list[ZipInfo]) -> tuple[str, list[_Entry]]:
    """The run's name, "" without a folder of that name, and its files."""
    tops = [info.filename.removesuffix("run.json") for info in infos if _is_description(info)]
    if len(tops) != 1:
        raise ValueError(f"the zip holds {len(tops)} runs; put exactly one folder of a run into it")
    (top,) = tops
    entries = [_Entry(info.filename.removeprefix(top), info) for info in infos]
    for name, info in entries:
        inside = info.filename.startswith(top) and (
            PARTS.fullmatch(name) or LEFT_OUT.fullmatch(name)
        )
        if not inside and info.filename != top:
            raise ValueError(f"the zip holds {info.filename[:40]!r}, which is no file of a run")
        if info.file_size > limit(Path(name)):
            most = limit(Path(name))
            raise ValueError(f"{name} has {info.file_size:,} bytes, more than {most:,}")
    kept = [entry for entry in entries if PARTS.fullmatch(entry.name)]
    _check_all(kept)
    return top.removesuffix("/"), kept


def _is_description(info: ZipInfo) -> bool:
    return re.fullmatch(r"([^/\\]+/)?run\.json", info.filename) is not None


def _check_all(entries: list[_Entry]) -> None:
    names = [entry.name for entry in entries]
    size = sum(entry.info.file_size for entry in entries)
    if missing := [name for name in NEEDED if name not in names]:
        raise ValueError(f"the zip lacks {missing[0]}, which every run has")
    if len(set(names)) < len(names):
        raise ValueError(f"the zip holds {max(names, key=names.count)} twice")
    if size > LARGEST:
        raise ValueError(
            f"the zip would take {size // MIB:,} MB, more than {LARGEST // MIB}; copy the folder"
        )
    if odd := [one for one in entries if one.info.compress_type not in (ZIP_STORED, ZIP_DEFLATED)]:
        raise ValueError(f"{odd[0].name} is packed in a way that is not read; zip it as usual")


def _made(archive: ZipFile, entries: list[_Entry], to: Path) -> Path:
    folder, name = to.parent, to.name
    making = folder / f".upload.{os.getpid()}.{time.monotonic_ns()}"
    (making / name / "snapshots").mkdir(parents=True)
    try:
        for entry in entries:
            write_whole(making / name / entry.name, _content(archive, entry), lasting=False)
        if not len(Run.open(making / name).steps):
            raise ValueError(f"run {name[:40]} has no whole recorded step that fits its run.json")
        os.rename(making / name, to)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    sync_folder(folder)
    return to


def _content(archive: ZipFile, entry: _Entry) -> bytes:
    """As much as the file's size says: `ZipFile.read` would unpack all that follows too."""
    with archive.open(entry.info) as file:
        return file.read(entry.info.file_size)


def free_name(folder: Path, wanted: str, taken: Collection[str] = ()) -> str:
    """`wanted`, or with a number where a run in the folder, or one of those `taken`, has it."""
    name, number = wanted, 2
    while name in taken or (folder / name).exists():
        ending = f"-{number}"
        name, number = wanted[: 64 - len(ending)] + ending, number + 1
    return name
