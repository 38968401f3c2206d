"""The command line: what it answers, with which status, and on which stream."""

import io
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_core import __main__ as command_line
from model_core.config import MapConfig
from model_core.projections.maps import MapFile
from model_core.runs import Run, runs_folder
from model_core.runs.status import read_request, read_status, write_request
from model_core.runs.storage import FileLock
from model_core.training import loop
from model_core.training.presets import PRESETS
from model_core.training.turns import only_trainer
from tests.support.models import NORMS_LISTED
from tests.support.runs import TINY, history, new_run, recorded_run, tree
from tests.support.waiting import wait_until

SIZES = [part for key, value in TINY.items() for part in ("--set", f"{key}={value}")]


@pytest.fixture(autouse=True)
def _signals_stay_as_they_were() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Says:
    """What a command printed, and its exit status."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """call("train", …) runs a command in this process."""

    def run(*arguments: object) -> Says:
        monkeypatch.setattr(sys, "argv", ["model_core", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        assert end.value.code in (None, 0, 1)
        return Says(int(end.value.code or 0), *capsys.readouterr())

    return run


# --- in a process of its own ---------------------------------------------------------------------


def test_a_training_from_the_command_line_finishes_and_can_be_read(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "model_core", "train", "--run-dir", str(tmp_path / "fox")]
    done = subprocess.run([*command, *SIZES, "--seed", "7"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    run = Run.open(tmp_path / "fox")
    assert run.status.state == "finished"
    assert run.training_config.seed == 7
    assert "step 30/30" in done.stdout
    assert "nats/token" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_after_the_present_step_and_resume_finishes_the_same(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = new_run(tmp_path / "fox", steps=1_000_000)
    resume = [sys.executable, "-m", "model_core", "resume", str(path)]
    process = subprocess.Popen(resume, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: read_status(path).state == "running")
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == 1
    step = read_status(path).step
    assert said == f"stopped at step {step:,}; resume continues from there\n"
    assert Run.open(path).steps[-1] == step


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_map_that_is_interrupted_leaves_no_trace_of_being_made(
    recorded: Run, tmp_path: Path, number: signal.Signals
) -> None:
    shutil.copytree(recorded.path, tmp_path / "fox")
    file = MapFile(tmp_path / "fox", MapConfig(table="positions", n_neighbors=4))
    slot = FileLock(runs_folder() / ".slots" / "map.lock")
    (runs_folder() / ".slots").mkdir(exist_ok=True)
    assert slot.acquire()  # so that it waits, for as long as the test needs
    command = [sys.executable, "-m", "model_core", "map", str(tmp_path / "fox")]
    settings = ["--config", file.config.model_dump_json()]
    process = subprocess.Popen([*command, *settings], stderr=subprocess.PIPE, text=True)
    wait_until(lambda: file.status.state == "waiting")
    process.send_signal(number)
    _, said = process.communicate()
    slot.release()
    assert process.returncode != 0
    assert said == ""
    assert file.status.state == ("stopped" if number == signal.SIGINT else "failed")
    assert {path.suffix for path in file.folder.iterdir()} <= {".json", ".lock"}


# --- what goes right -----------------------------------------------------------------------------


def test_presets_are_listed_one_a_line(call) -> None:  # type: ignore[no-untyped-def]
    said = call("presets")
    assert said.status == 0
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines] == list(PRESETS)
    assert all(len(line) <= 120 for line in lines)


def test_runs_are_listed_with_their_state(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    recorded_run(tmp_path / "done")
    new_run(tmp_path / "new")
    said = call("list", tmp_path)
    assert said.status == 0
    assert [line.split() for line in said.out.splitlines()] == [
        ["done", "finished", "step", "30", "of", "30"],
        ["new", "queued", "step", "0", "of", "30"],
    ]


def test_without_a_folder_the_runs_folder_is_listed(  # type: ignore[no-untyped-def]
    call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_run(tmp_path / "mine")
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    assert call("list").out.startswith("mine ")
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path / "nowhere"))
    assert (call("list").status, call("list").out) == (0, "")


def test_a_run_that_diverges_is_recorded_and_no_error(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    said = call("train", "--run-dir", tmp_path / "fox", "--set", "learning_rate=1e6")
    assert (said.status, said.err) == (0, "")
    run = Run.open(tmp_path / "fox")
    assert run.status.state == "diverged"
    assert said.out.endswith(run.status.words + "\n")
    assert len(run.steps) >= 1


def test_a_loss_far_above_that_of_guessing_is_told_while_it_trains(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    rate = ("--set", "learning_rate=10")
    said = call("train", "--run-dir", tmp_path / "fox", *SIZES, *rate, "--steps", 60)
    assert said.status == 0
    told = " ".join(said.out.split())
    assert told.count("loss is above 9.9 nats per token, three times that of guessing.") == 1


def test_resuming_a_finished_run_changes_nothing(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = recorded_run(tmp_path / "fox").path
    before = history(path)
    assert call("resume", path).status == 0
    assert history(path) == before


def test_resuming_a_stopped_run_forgets_that_it_was_to_stop(  # type: ignore[no-untyped-def]
    call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "HEARTBEAT", 0)
    path = new_run(tmp_path / "fox")
    write_request(path, "stop")
    assert call("resume", path).status == 0
    assert read_status(path).state == "finished"


def test_a_text_of_ones_own_is_trained_on(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = tmp_path / "my text.txt"
    text.write_bytes("\ufeffäöü und ß sind auch Zeichen".encode())
    assert call("train", "--run-dir", tmp_path / "own", "--text", text, *SIZES).status == 0
    run = Run.open(tmp_path / "own")
    assert (run.corpus, run.text) == ("own-text", "äöü und ß sind auch Zeichen")


def test_a_tilde_in_a_path_is_the_home_folder(  # type: ignore[no-untyped-def]
    call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    (home / "text.txt").write_text("so it goes, so it goes")
    settings = [*SIZES, "--text=~/text.txt"]
    assert call("train", "--run-dir=~/runs/fox", *settings).status == 0
    assert call("resume", "~/runs/fox").status == 0
    map_settings = ("--set", "table=positions", "--set", "n_neighbors=4")
    assert call("map", "~/runs/fox", *map_settings, "--into", "~/maps").status == 0
    assert call("list", "~/runs").out.startswith("fox ")
    monkeypatch.setenv("DRIFTSCOPE_RUNS", "~/runs")
    assert call("list").out.startswith("fox ")
    assert list((home / "maps").glob("*.safetensors"))
    assert list(here.iterdir()) == []
    refused(call("resume", "~nobody-of-this-name/fox"), "there is no home folder for '~nobody-of")


@pytest.mark.parametrize(
    "command",
    ["train", "list", "presets", "--help", "train --help", "resume --help", "map --help"],
)
def test_a_terminal_without_unicode_prints_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    new_run(tmp_path / "new")
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path))
    given = ["--run-dir", str(tmp_path / "fox"), *SIZES] if command == "train" else []
    monkeypatch.setattr(sys, "argv", ["model_core", *command.split(), *given])
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    with pytest.raises(SystemExit) as end:
        command_line.main()
    assert not end.value.code
    terminal.flush()
    assert terminal.buffer.tell() > 20


def test_settings_reach_the_configurations(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    changes = ("norm=batch", "norm_position=post", "bias=true", "dropout=0.25", "optimizer=sgd")
    given = [part for change in changes for part in ("--set", change)]
    assert call("train", "--run-dir", tmp_path / "fox", *SIZES, *given, "--steps", 5).status == 0
    run = Run.open(tmp_path / "fox")
    model, training = run.model_config, run.training_config
    assert (model.norm, model.norm_position, model.bias, model.dropout) == (
        *("batch", "post", True, 0.25),
    )
    assert (training.optimizer, training.steps) == ("sgd", 5)


def test_a_map_is_laid_out_and_kept(call, recorded: Run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    shutil.copytree(recorded.path, tmp_path / "fox")
    run = Run.open(tmp_path / "fox")
    settings = ("--set", "table=positions", "--set", "n_neighbors=4")
    said = call("map", run.path, *settings, "--config", '{"method": "tsne", "n_neighbors": 3}')
    assert (said.status, said.out, said.err) == (0, "", "")
    file = MapFile(run.path, MapConfig(method="tsne", table="positions", n_neighbors=4))
    made = file.read(run.steps, run.position_embeddings())
    assert made is not None
    assert made.layout.shape == (len(run.steps), 8, 2)
    before = tree(run.path)
    assert call("map", run.path, *settings, "--set", "method=tsne").status == 0
    lasting = {name for name in before if name.endswith(".safetensors")}
    assert {name: before[name] for name in lasting}.items() <= tree(run.path).items()


# --- what goes wrong: status 1 and one line ------------------------------------------------------


def refused(said: Says, words: str) -> None:
    assert said.status == 1
    (line,) = said.err.splitlines()
    assert words in line
    assert len(line) <= 200
    assert "Traceback" not in line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--preset nonsense", "preset must be one of quick-brown-fox, python-docs"),
        (f"--preset {'x' * 300}", "preset must be one of quick-brown-fox, python-docs"),
        ("--set n_head=4", "n_head=4 does not divide n_embd=5; choose one of 1, 5"),
        ("--set n_embd", "--set needs key=value, got 'n_embd'"),
        (f"--set {'x' * 300}", "--set needs key=value"),
        ("--set n_embd=", "n_embd must be"),
        ("--set n_embd=six", "n_embd must be"),
        ("--set n_embd=0", "n_embd must be greater than or equal to 1, got '0'"),
        ("--set width=3", "unknown setting 'width'"),
        ("--set n_emb=3", "unknown setting 'n_emb'; did you mean n_embd?"),
        (f"--set {'x' * 300}=3", "unknown setting 'xxx"),
        ("--set norm=group", f"norm must be {NORMS_LISTED}, got 'group'"),
        ("--set learning_rate=1,5", "learning_rate must be"),
        ("--set learning_rate=nan", "learning_rate must be"),
        ("--set learning_rate=-1", "learning_rate must be greater than 0, got '-1'"),
        ("--set dropout=1", "dropout must be less than 1, got '1'"),
        ("--set tokenizer=letters", "tokenizer must be character, word or bpe, got 'letters'"),
        ("--set tokenizer=bpe --set vocab_size=7", "vocab_size must be in [256, 20,000], got 7"),
        ("--set tokenizer=bpe --set vocab_size=x", "vocab_size must be"),
        ("--set vocab_size=30", "vocab_size follows from the text"),
        ("--set snapshot_budget=10", "snapshot_budget=10 bytes is too small for two snapshots"),
        ("--steps 0", "steps must be greater than or equal to 1, got 0"),
        ("--steps x", "Invalid value for '--steps'"),
        ("--seed -1", "seed must be greater than or equal to 0, got -1"),
        ("--seed 18446744073709551616", "seed must be less than 9223372036854775808"),
        ("--set block_size=4000", "block_size=4000 needs 4001"),
        ("--speed 3", "No such option: --speed"),
    ],
)
def test_a_wrong_setting_is_one_line_and_makes_no_run(  # type: ignore[no-untyped-def]
    call, tmp_path: Path, options: str, words: str
) -> None:
    refused(call("train", "--run-dir", tmp_path / "runs" / "fox", *options.split()), words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not UTF-8 text: byte 0x89 at position 0"),
        ("abc".encode("utf-16"), "not UTF-8 text"),
        ("Füße".encode("latin-1"), "not UTF-8 text: byte 0xfc at position 1"),
        (b"a\0b", "NUL"),
        (b"", "the text has 0 characters; give at least 2"),
        (b"\xef\xbb\xbf", "the text has 0 characters"),
        (b"abcdefgh", "the text has 8 tokens, block_size=41 needs 42"),
    ],
)
def test_a_text_that_cannot_be_trained_on_is_one_line_and_makes_no_run(  # type: ignore[no-untyped-def]
    call, tmp_path: Path, data: bytes, words: str
) -> None:
    text = tmp_path / "text.txt"
    text.write_bytes(data)
    refused(call("train", "--run-dir", tmp_path / "fox", "--text", text), words)
    assert list(tmp_path.iterdir()) == [text]


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_a_text_that_is_not_there_is_one_line(call, tmp_path: Path, name: str) -> None:  # type: ignore[no-untyped-def]
    refused(call("train", "--run-dir", tmp_path / "fox", "--text", tmp_path / name), "directory")
    assert not (tmp_path / "fox").exists()


@pytest.mark.parametrize("name", [".hidden", "a b", "x" * 65, "..", "-x"])
def test_a_bad_name_is_refused_with_the_rule(call, tmp_path: Path, name: str) -> None:  # type: ignore[no-untyped-def]
    refused(call("train", "--run-dir", tmp_path / "in" / name, *SIZES), "1 to 64 letters, digits")
    assert list(tmp_path.iterdir()) == []


def test_a_run_directory_that_exists_is_never_overwritten(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    new_run(tmp_path / "fox")
    before = tree(tmp_path)
    said = call("train", "--run-dir", tmp_path / "fox", *SIZES)
    refused(said, "a run named fox exists already; choose another name")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--set method=pca", "method must be 'umap', 'aligned' or 'tsne', got 'pca'"),
        ("--set width=3", "unknown setting 'width'; there are table, method, rows"),
        ("--set n_neighbors", "--set needs key=value, got 'n_neighbors'"),
        ("--set rows=1,2", "rows must be a valid tuple, got '1,2'"),
        ('--config {"a"', "--config needs a JSON object, got '{\"a\"'"),
        ("--config [1]", "--config needs a JSON object, got '[1]'"),
        (f"--config {'[' * 50_000}", "--config needs a JSON object, got '[["),
        ('--config {"seed":-1}', "seed must be greater than or equal to 0, got -1"),
    ],
)
def test_a_wrong_map_is_one_line_and_writes_nothing(  # type: ignore[no-untyped-def]
    call, recorded: Run, options: str, words: str
) -> None:
    before = tree(recorded.path)
    refused(call("map", recorded.path, *options.split()), words)
    assert tree(recorded.path) == before


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ('{"n_neighbors": 28}', "n_neighbors must be in [2, 27] for 27 rows, got 28"),
        ('{"rows": [1, 2]}', "a map of neighbours needs at least 3 rows, got 2"),
        ('{"rows": [1, 2, 27]}', "row ids must be in [0, 27), got 27"),
        ('{"rows": [1, 2, -1]}', "row ids must be in [0, 27), got -1"),
    ],
)
def test_a_map_that_the_run_does_not_have_is_one_line(  # type: ignore[no-untyped-def]
    call, recorded: Run, tmp_path: Path, config: str, words: str
) -> None:
    shutil.copytree(recorded.path, tmp_path / "fox")
    refused(call("map", tmp_path / "fox", "--config", config), words)
    (status,) = (tmp_path / "fox" / "projections").glob("*.json")
    assert words in status.read_text()


def test_a_map_of_a_run_without_a_recorded_step_is_one_line(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    refused(call("map", new_run(tmp_path / "fox")), "run fox has no recorded step yet")


@pytest.mark.parametrize("name", ["nowhere", "folder"])
def test_a_map_of_what_is_no_run_writes_nothing(call, tmp_path: Path, name: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "folder").mkdir()
    refused(call("map", tmp_path / name), f"no run in '{name}'; `train --run-dir` makes one")
    assert list(tmp_path.rglob("*")) == [tmp_path / "folder"]


@pytest.mark.parametrize("name", ["nowhere", "folder"])
def test_resuming_what_is_no_run_writes_nothing(call, tmp_path: Path, name: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "folder").mkdir()
    refused(call("resume", tmp_path / name), f"no run in '{name}'; `train --run-dir` makes one")
    assert list(tmp_path.rglob("*")) == [tmp_path / "folder"]


def test_resuming_a_run_in_training_leaves_its_trainer_alone(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = new_run(tmp_path / "fox")
    write_request(path, "pause")
    with only_trainer(path):
        refused(call("resume", path), "run fox is already being trained by another process")
    assert read_request(path) == "pause"


def test_a_damaged_run_is_one_line(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = new_run(tmp_path / "fox")
    (path / "run.json").write_text("{")
    refused(call("resume", path), "run.json is damaged")


@pytest.mark.parametrize(
    "arguments", [("dance",), ("train",), ("resume",), ("map",), ("list", "a", "b")]
)
def test_wrong_usage_is_one_line(call, arguments: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    refused(call(*arguments), "")


@pytest.mark.parametrize(
    "command", [(), ("train",), ("resume",), ("map",), ("list",), ("presets",)]
)
def test_help_is_always_there(call, command: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    said = call(*command, "--help")
    assert (said.status, said.err) == (0, "")
    assert "Usage" in said.out
