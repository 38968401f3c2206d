"""Maps that take time: asked for, made by one process at a time, kept by content, grown."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model_core.config import MapConfig
from model_core.projections import (
    Trust,
    mapmaker,
    maps,
    neighbours_kept,
    trust,
    umap_over_time,
)
from model_core.projections.chance import shuffled
from model_core.projections.mapmaker import make_map
from model_core.projections.maps import MapFile, MapStatus, table_of
from model_core.projections.over_time import OverTime, checksums
from model_core.runs import Run, runs_folder
from model_core.runs.status import Status, write_status
from model_core.runs.storage import FileLock, is_locked
from model_core.runs.tensors import pack, unpack
from tests.support.refusals import refusal, sentence
from tests.support.runs import recorded_run, tree
from tests.support.waiting import wait_until

UMAP = MapConfig(n_neighbors=5, rows=(0, 1, 2, 3, 4, 5, 6, 7))
TSNE = UMAP.replaced(method="tsne")


@pytest.fixture
def run(recorded: Run, tmp_path: Path) -> Run:
    """A copy of the recorded run, to make maps in."""
    shutil.copytree(recorded.path, tmp_path / "fox")
    return Run.open(tmp_path / "fox")


@pytest.fixture(scope="module")
def made_once(recorded: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mapped") / "fox"
    shutil.copytree(recorded.path, path)
    make_map(path, UMAP)
    return path


@pytest.fixture
def mapped(made_once: Path, tmp_path: Path) -> Run:
    """A copy of the recorded run with its map."""
    shutil.copytree(made_once, tmp_path / "mapped" / "fox")
    return Run.open(tmp_path / "mapped" / "fox")


@pytest.fixture
def asked(run: Run) -> Iterator[Callable[..., MapFile]]:
    """asked(config) is a map that was asked for; its map maker ends with the test."""
    files: list[MapFile] = []

    def ask(config: MapConfig = UMAP) -> MapFile:
        files.append(MapFile(run.path, config))
        files[-1].ask()
        return files[-1]

    yield ask
    for file in files:
        file.stop()
        assert not is_locked(file.lock)


@pytest.fixture
def turn() -> Iterator[FileLock]:
    """The turn of another map: whoever else wants to lay one out waits."""
    (runs_folder() / ".slots").mkdir(parents=True, exist_ok=True)
    lock = FileLock(runs_folder() / ".slots" / "map.lock")
    assert lock.acquire()
    yield lock
    lock.release()


def read(run: Run, config: MapConfig = UMAP) -> OverTime | None:
    run = Run.open(run.path)
    return MapFile(run.path, config).read(run.steps, table_of(run, config))


def laid_out(run: Run, config: MapConfig = UMAP) -> OverTime:
    made = read(run, config)
    assert made is not None
    return made


def by_hand(run: Run) -> np.ndarray:
    vectors = table_of(run, UMAP)
    return umap_over_time(vectors, n_neighbors=5, steps=run.steps, smoothness=0.3)


def ended(file: MapFile) -> MapStatus:
    """How the making ended."""
    wait_until(lambda: not is_locked(file.lock))
    return file.status


def process_of(file: MapFile) -> int:
    return int(wait_until(file.lock.read_text))


def without_later(run: Run, count: int, tmp_path: Path) -> list[Path]:
    """Takes all but the first snapshots out of a run; where they are now."""
    (tmp_path / "later").mkdir()
    paths = sorted((run.path / "snapshots").iterdir())[count:]
    return [path.rename(tmp_path / "later" / path.name) for path in paths]


def add(run: Run, later: list[Path]) -> None:
    for path in later:
        path.rename(run.path / "snapshots" / path.name)


def looks_active(run: Run) -> FileLock:
    """As if the run were trained by this process."""
    lock = FileLock(run.path / "trainer.lock")
    assert lock.acquire()
    write_status(run.path, Status("running", steps=30))
    return lock


# --- asked for, and made -------------------------------------------------------------------------


def test_an_asked_for_map_is_the_one_laid_out_by_hand(
    run: Run, asked: Callable[..., MapFile]
) -> None:
    assert MapFile(run.path, UMAP).status == MapStatus()
    assert read(run) is None
    before = tree(run.path)
    file = asked()
    assert file.status.active
    assert (ended(file).state, file.status.share) == ("done", 1.0)
    made, places, vectors = laid_out(run), by_hand(run), table_of(run, UMAP)
    assert made.steps.tolist() == run.steps.tolist()
    np.testing.assert_array_equal(made.layout, places)
    for name, values in vars(trust(vectors, places, 5)).items():
        np.testing.assert_array_equal(getattr(made.trust, name), values)
    assert made.pieces == 1
    after = tree(run.path)
    assert before.items() <= after.items()
    assert {Path(name).parent for name in after.keys() - before.keys()} == {file.folder}


def test_a_map_has_what_chance_reaches_by_its_method(mapped: Run) -> None:
    made, vectors = laid_out(mapped), table_of(mapped, UMAP)
    assert made.chance is not None and made.chance.count == len(mapped.steps)
    ends = [0, len(mapped.steps) - 1]
    assert made.chance.steps.tolist() == mapped.steps[ends].tolist()
    tables = np.concatenate([shuffled(vectors, seed)[ends] for seed in range(3)])
    layouts = umap_over_time(tables, n_neighbors=5, smoothness=0)
    reached = neighbours_kept(tables, layouts)[0].reshape(3, 2)
    np.testing.assert_allclose(made.chance.mean, np.mean(reached, 0))
    assert made.chance.spread == pytest.approx(np.sqrt(np.var(reached, 0, ddof=1).mean()))


def test_a_map_stored_before_chance_was_measured_opens_and_is_completed(mapped: Run) -> None:
    whole, file = laid_out(mapped), MapFile(mapped.path, UMAP)
    file.write(table_of(mapped, UMAP), replace(whole, chance=None))
    old = laid_out(mapped)
    assert old.chance is None and not old.is_whole(mapped.steps)
    np.testing.assert_array_equal(old.layout, whole.layout)
    make_map(mapped.path, UMAP)
    again = laid_out(mapped)
    np.testing.assert_array_equal(again.layout, whole.layout)
    assert again.pieces == 1 and again.is_whole(mapped.steps)
    assert again.chance is not None and whole.chance is not None
    np.testing.assert_array_equal(again.chance.mean, whole.chance.mean)


def test_of_many_who_ask_at_once_one_starts_a_process(
    run: Run, turn: FileLock, asked: Callable[..., MapFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    start = MapFile._start

    def counted(file: MapFile, lock: FileLock) -> None:
        started.append(file.key)
        start(file, lock)

    monkeypatch.setattr(MapFile, "_start", counted)
    with ThreadPoolExecutor(5) as pool:
        files = [one.result() for one in [pool.submit(asked) for _ in range(5)]]
    asked()
    assert started == [files[0].key]
    assert all(file.status.state == "waiting" for file in files)


def test_a_second_map_maker_of_the_same_map_ends_quietly(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapmaker, "PATIENCE", 0.0)
    file = MapFile(run.path, UMAP)
    file.folder.mkdir()
    lock = FileLock(file.lock)
    assert lock.acquire()
    make_map(run.path, UMAP)
    assert (read(run), file.status) == (None, MapStatus())
    lock.release()


def test_another_map_waits_for_its_turn(
    run: Run, turn: FileLock, asked: Callable[..., MapFile]
) -> None:
    file = asked()
    starting = file.status
    waiting = wait_until(lambda: file.status != starting and file.status)
    assert waiting.state == "waiting"
    assert read(run) is None
    turn.release()
    assert ended(file).state == "done"
    assert len(laid_out(run).steps) == len(run.steps)


def test_a_map_goes_into_another_folder_and_the_run_stays_as_it_is(
    run: Run, tmp_path: Path
) -> None:
    before = tree(run.path)
    make_map(run.path, UMAP, into=tmp_path / "elsewhere" / "maps")
    file, vectors = MapFile(run.path, UMAP, tmp_path / "elsewhere" / "maps"), table_of(run, UMAP)
    made = file.read(run.steps, vectors)
    assert made is not None
    np.testing.assert_array_equal(made.layout, by_hand(run))
    assert tree(run.path) == before
    assert MapFile(run.path, UMAP).read(run.steps, vectors) is None


def test_a_map_that_came_with_the_run_is_read_from_there(mapped: Run, tmp_path: Path) -> None:
    file = MapFile(mapped.path, UMAP, tmp_path / "elsewhere")
    made = file.read(mapped.steps, table_of(mapped, UMAP))
    assert made is not None and made.steps.tolist() == mapped.steps.tolist()


def test_positions_are_mapped_as_tokens_are(run: Run) -> None:
    config = MapConfig(table="positions", n_neighbors=4, dimensions=3)
    make_map(run.path, config)
    places = umap_over_time(
        run.position_embeddings(), n_neighbors=4, dimensions=3, steps=run.steps, smoothness=0.3
    )
    np.testing.assert_array_equal(laid_out(run, config).layout, places)


def test_a_folder_that_cannot_be_written_is_an_error(run: Run) -> None:
    (run.path / "projections").write_text("in the way")
    with pytest.raises(OSError):
        MapFile(run.path, UMAP).ask()


@pytest.mark.parametrize("method", ["umap", "tsne", "aligned"])
def test_what_cannot_be_laid_out_is_said(run: Run, method: str) -> None:
    config = UMAP.replaced(method=method, n_neighbors=9)
    words = refusal(make_map, run.path, config)
    assert words == "n_neighbors must be in [2, 8] for 8 rows, got 9"
    status = MapFile(run.path, config).status
    assert (status.state, status.words) == ("failed", words)


def test_whatever_a_library_raises_is_one_sentence_and_an_end(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise TypeError("Cannot use\n  eigh" + " for sparse A" * 30)

    monkeypatch.setattr(mapmaker, "tsne_over_time", broken)
    words = refusal(make_map, run.path, TSNE)
    assert words.startswith("tsne failed with TypeError: Cannot use eigh for sparse A for")
    assert words.endswith("; choose another map")
    file = MapFile(run.path, TSNE)
    assert (file.status.state, file.status.words) == ("failed", words)
    assert not is_locked(file.lock)


def test_what_the_system_refuses_is_said_without_a_path(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/a/path")

    monkeypatch.setattr(MapFile, "write", full)
    with pytest.raises(OSError):
        make_map(run.path, UMAP)
    assert MapFile(run.path, UMAP).status.words == "No space left on device"


# --- by content ----------------------------------------------------------------------------------


def test_a_step_whose_rows_have_changed_is_not_taken(mapped: Run) -> None:
    vectors = table_of(mapped, UMAP)
    vectors[3, 2, 1] += 1e-6
    made = MapFile(mapped.path, UMAP).read(mapped.steps, vectors)
    assert made is not None
    assert made.steps.tolist() == np.delete(mapped.steps, 3).tolist()
    whole = laid_out(mapped)
    np.testing.assert_array_equal(made.layout, np.delete(whole.layout, 3, axis=0))
    np.testing.assert_array_equal(made.trust.kept, np.delete(whole.trust.kept, 3))


def test_a_changed_step_alone_is_laid_out_anew(mapped: Run) -> None:
    before = laid_out(mapped)
    names = [f"{mapped.steps[at]:08}.safetensors" for at in (3, 4)]
    shutil.copy(mapped.path / "snapshots" / names[0], mapped.path / "snapshots" / names[1])
    make_map(mapped.path, UMAP)
    after = laid_out(mapped)
    assert after.pieces == 2
    same = (before.layout == after.layout).all((1, 2))
    assert np.flatnonzero(~same).tolist() == [4]
    judged = trust(table_of(Run.open(mapped.path), UMAP), after.layout, 5)
    for name, values in vars(judged).items():
        np.testing.assert_allclose(getattr(after.trust, name), values, atol=1e-6)


def test_another_run_of_the_same_name_does_not_get_the_map(mapped: Run, tmp_path: Path) -> None:
    other = recorded_run(tmp_path / "other" / "fox", seed=8)
    shutil.copytree(mapped.path / "projections", other.path / "projections")
    assert read(other) is None


def test_other_rows_and_settings_are_other_maps(mapped: Run) -> None:
    changes = ({"rows": (0, 1, 2, 3, 4, 5, 7, 6)}, {"seed": 1}, {"method": "tsne"}, {"rows": ()})
    assert all(read(mapped, UMAP.replaced(**change)) is None for change in changes)
    file = MapFile(mapped.path, UMAP)
    assert file.read(mapped.steps, mapped.token_embeddings([0, 1, 2])) is None


def test_checksums_tell_steps_apart() -> None:
    vectors = np.zeros((3, 2, 2), np.float32)
    vectors[1, 1, 1] = np.float32(1e-45)
    first, second, third = checksums(vectors)
    assert first == third != second


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: pickle.dumps({"steps": [1]}),
        lambda data: b"\xff" * 100,
    ],
    ids=["empty", "cut", "one bit", "pickled", "noise"],
)
def test_a_damaged_map_is_none(mapped: Run, damage: Callable[[bytes], bytes]) -> None:
    (path,) = (mapped.path / "projections").glob("*.safetensors")
    path.write_bytes(damage(path.read_bytes()))
    assert read(mapped) is None
    make_map(mapped.path, UMAP)
    assert laid_out(mapped).pieces == 1


@pytest.mark.parametrize("name", ["steps", "sums", "places", *Trust.__dataclass_fields__])
def test_a_map_whose_parts_do_not_fit_is_none(mapped: Run, name: str) -> None:
    (path,) = (mapped.path / "projections").glob("*.safetensors")
    parts = unpack(path.read_bytes())
    part = parts[name]
    for wrong in (part[:-1], part.flatten()[0], part[..., None], part.bfloat16()):
        path.write_bytes(pack({**parts, name: wrong}))
        assert read(mapped) is None


def test_a_map_laid_out_endlessly_often_or_with_its_steps_in_disorder_is_none(mapped: Run) -> None:
    (path,) = (mapped.path / "projections").glob("*.safetensors")
    parts = unpack(path.read_bytes())
    backwards = {name: part.flip(0) for name, part in parts.items()}
    for wrong in ({**parts, "pieces": torch.tensor([torch.inf])}, backwards):
        path.write_bytes(pack(wrong))
        assert read(mapped) is None


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"state": "working", "share": "x"}', b'{"state": 1}', b'{"a": 1}']
)
def test_a_damaged_status_is_none(run: Run, data: bytes) -> None:
    file = MapFile(run.path, UMAP)
    file.folder.mkdir()
    file.lock.with_suffix(".json").write_bytes(data)
    assert file.status == MapStatus()


def test_the_oldest_maps_make_room(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "MAX_MAPS", 2)
    configs = [UMAP.replaced(seed=seed) for seed in range(3)]
    for number, config in enumerate(configs):
        make_map(run.path, config)
        path = MapFile(run.path, config).lock.with_suffix(".safetensors")
        os.utime(path, (number, number))  # long ago, in this order
    make_map(run.path, UMAP.replaced(seed=3))
    assert [read(run, config) is None for config in configs] == [True, True, False]


def test_a_new_map_stays_even_if_the_clock_was_set_back(
    mapped: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "MAX_MAPS", 1)
    (path,) = (mapped.path / "projections").glob("*.safetensors")
    os.utime(path, (time.time() + 3600,) * 2)
    make_map(mapped.path, TSNE)
    assert len(laid_out(mapped, TSNE).steps) == len(mapped.steps)
    assert read(mapped) is None


# --- growth --------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [UMAP, TSNE], ids=["umap", "tsne"])
def test_what_is_laid_out_stays_when_the_run_grows(
    run: Run, tmp_path: Path, config: MapConfig
) -> None:
    later = without_later(run, 5, tmp_path)
    make_map(run.path, config)
    before = laid_out(run, config)
    for pieces in (2, 3):
        add(run, [later.pop(0)])
        make_map(run.path, config)
        after = laid_out(run, config)
        assert after.pieces == pieces
        assert len(after.steps) == 3 + pieces + 1
        np.testing.assert_array_equal(after.layout[:5], before.layout)
        for name, values in vars(before.trust).items():
            np.testing.assert_array_equal(getattr(after.trust, name)[:5], values)
        assert np.isfinite(after.layout).all()


def test_a_map_follows_its_run_until_that_has_ended(
    run: Run, tmp_path: Path, asked: Callable[..., MapFile]
) -> None:
    later = without_later(run, 5, tmp_path)
    training = looks_active(run)
    file = asked()
    wait_until(lambda: file.status.state == "done")
    assert len(laid_out(run).steps) == 5
    add(run, later)
    wait_until(lambda: len(laid_out(run).steps) == len(run.steps))
    assert is_locked(file.lock)
    write_status(run.path, Status("finished", step=30, steps=30))
    assert ended(file).state == "done"
    training.release()


def test_a_run_without_a_new_step_is_not_read_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = looks_active(run)
    looks, reads = iter([True] * 5 + [False]), []
    monkeypatch.setattr(mapmaker, "POLL", 0.0)
    monkeypatch.setattr(MapFile, "requested_recently", lambda _: next(looks))

    def counted(run: Run, config: MapConfig) -> np.ndarray:
        reads.append(run.name)
        return table_of(run, config)

    monkeypatch.setattr(mapmaker, "table_of", counted)
    make_map(run.path, UMAP)
    assert reads == ["fox"]
    assert next(looks, "all are asked") == "all are asked"
    training.release()


def test_a_map_that_nobody_looks_at_stops_growing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "INTEREST", 0.0)
    later = without_later(run, 5, tmp_path)
    training = looks_active(run)
    make_map(run.path, UMAP)
    training.release()
    add(run, later)
    assert len(laid_out(run).steps) == 5


def test_aligned_umap_refuses_to_grow(run: Run) -> None:
    training = looks_active(run)
    config = UMAP.replaced(method="aligned")
    words = refusal(make_map, run.path, config)
    assert words == "AlignedUMAP cannot grow with its run; choose UMAP, or wait for the end"
    assert MapFile(run.path, config).status.words == words
    training.release()


# --- stopped, killed, forgotten ------------------------------------------------------------------


def test_a_killed_map_maker_is_found_out_and_another_one_works(
    run: Run, turn: FileLock, asked: Callable[..., MapFile]
) -> None:
    file = asked()
    os.kill(process_of(file), signal.SIGKILL)
    status = ended(file)
    assert status.state == "failed"
    assert sentence(status.words) == "its process ended unexpectedly at 0%"
    turn.release()
    assert ended(asked()).state == "done"
    assert laid_out(run).pieces == 1


@pytest.mark.parametrize("suffix", ["safetensors", "json"])
def test_what_a_killed_map_maker_left_half_written_is_gone_with_the_next(
    run: Run, suffix: str
) -> None:
    file = MapFile(run.path, UMAP)
    file.folder.mkdir()
    code = (
        "from model_core.runs.storage import *; os.replace = lambda *_: os._exit(9); "
        f"write_whole(Path({str(file.lock.with_suffix('.' + suffix))!r}), b'half')"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    other = file.folder / ".0123456789abcdef.json.00"  # of a map that another process makes
    other.touch()
    assert len(list(file.folder.glob(".*"))) == 2
    make_map(run.path, UMAP)
    assert list(file.folder.glob(".*")) == [other]


def test_a_map_is_stopped_at_once_even_while_its_process_starts(
    run: Run, turn: FileLock, asked: Callable[..., MapFile]
) -> None:
    file = asked()
    process = process_of(file)
    file.stop()
    assert (file.status.state, file.status.words) == ("stopped", "stopped")
    assert not is_locked(file.lock)
    with pytest.raises(ProcessLookupError):
        wait_until(lambda: os.kill(process, 0))
    file.stop()
    assert file.status.state == "stopped"
    assert read(run) is None


def test_a_map_that_is_done_is_not_stopped_afterwards(mapped: Run) -> None:
    file = MapFile(mapped.path, UMAP)
    file.stop()
    assert file.status.state == "done"
    assert laid_out(mapped).pieces == 1


def test_who_asks_is_never_the_one_who_is_stopped(run: Run) -> None:
    file = MapFile(run.path, UMAP)
    file.folder.mkdir()
    lock = FileLock(file.lock)
    assert lock.acquire()
    file.set_process(None)  # as between taking the lock and starting the process
    file.write_status("waiting")
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(file.stop)
        lock.release()
        stopping.result()
    assert file.status.state in ("stopped", "failed")


def test_a_forgotten_map_leaves_nothing_and_is_not_written_again(
    run: Run, asked: Callable[..., MapFile]
) -> None:
    training = looks_active(run)
    file = asked()
    wait_until(lambda: file.status.state == "done")
    file.forget()
    assert not is_locked(file.lock)
    assert list(file.folder.iterdir()) == [file.lock]
    assert file.status == MapStatus()
    training.release()


def test_nothing_is_active_that_has_no_process(run: Run) -> None:
    file = MapFile(run.path, UMAP)
    file.folder.mkdir()
    file.write_status("working", 0.4)
    assert file.status == MapStatus("failed", 0.4, "its process ended unexpectedly at 40%")


def test_an_end_between_two_looks_is_no_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file = MapFile(run.path, UMAP)
    file.folder.mkdir()
    file.write_status("working", 0.9)

    def ends(path: Path) -> bool:
        file.write_status("done", 1.0)
        return False

    monkeypatch.setattr(maps, "is_locked", ends)
    assert file.status.state == "done"


def test_who_queues_for_nobody_gives_up_and_the_command_line_waits(
    run: Run, turn: FileLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = MapFile(run.path, UMAP)
    file.folder.mkdir()
    monkeypatch.setattr(maps, "INTEREST", -1.0)
    mine = FileLock(file.lock)
    assert mine.acquire()
    make_map(run.path, UMAP, mine.descriptor)
    assert file.status == MapStatus() and file.read(run.steps, table_of(run, UMAP)) is None
    assert not is_locked(file.lock)
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(make_map, run.path, UMAP)
        wait_until(lambda: file.status.state == "waiting")
        turn.release()
        patient.result(60)
    assert file.status.state == "done"
