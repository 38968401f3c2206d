"""The run directory: what is whole is read, what is not is named, and nothing is ever invented."""

import json
import os
import pickle
import shutil
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import explorer
from model_core.config import ModelConfig, TrainingConfig
from model_core.corpora import SENTENCE, built_in_text
from model_core.model import BigramLanguageModel
from model_core.runs import FORMAT, METRICS, Run, list_runs, read_metrics, runs_folder
from model_core.runs.snapshots import _content, is_whole, save_snapshot, snapshot_path
from model_core.runs.status import Status, read_status
from model_core.runs.tensors import pack, unpack
from model_core.training.loop import train
from model_core.training.recording import snapshot_steps
from tests.support.refusals import refusal, sentence
from tests.support.runs import TINY, new_run, recorded_run, tree

PLANNED = snapshot_steps(
    TrainingConfig(steps=TINY["steps"], snapshots=TINY["snapshots"]), 1
).tolist()


@pytest.fixture
def copied(recorded: Run, tmp_path: Path) -> Path:
    """A run directory to damage."""
    return Path(shutil.copytree(recorded.path, tmp_path / "fox"))


# --- what a run gives ----------------------------------------------------------------------------


def test_a_run_knows_its_name_settings_text_and_state(recorded: Run) -> None:
    assert recorded.name == "fox"
    assert recorded.corpus == "quick-brown-fox"
    assert recorded.text == built_in_text("quick-brown-fox")
    assert recorded.tokenizer.tokens == tuple(sorted(set(SENTENCE)))
    sizes = ("block_size", "n_embd", "n_head", "n_layer")
    assert [getattr(recorded.model_config, key) for key in sizes] == [TINY[key] for key in sizes]
    assert recorded.training_config.steps == TINY["steps"]
    assert (recorded.status.state, recorded.status.step) == ("finished", TINY["steps"])


def test_the_recorded_steps_are_those_that_were_planned(recorded: Run) -> None:
    assert recorded.steps.dtype == np.int64
    assert recorded.steps.tolist() == PLANNED
    assert recorded.damaged == []


def test_tables_over_time_are_those_of_the_model_at_each_step(recorded: Run) -> None:
    tokens, positions = recorded.token_embeddings(), recorded.position_embeddings()
    assert tokens.shape == (len(recorded.steps), 27, TINY["n_embd"])
    assert positions.shape == (len(recorded.steps), TINY["block_size"], TINY["n_embd"])
    assert tokens.dtype == positions.dtype == np.float32
    for index, step in enumerate(recorded.steps):
        model = recorded.model_at(step)
        assert np.array_equal(model.token_embedding_table.weight.detach().numpy(), tokens[index])
        assert np.array_equal(
            model.position_embedding_table.weight.detach().numpy(), positions[index]
        )


def test_embeddings_move_during_training(recorded: Run) -> None:
    tokens = recorded.token_embeddings()
    assert (np.abs(np.diff(tokens, axis=0)).max((1, 2)) > 0).all()


def test_a_model_of_the_past_is_in_evaluation_mode_and_reads_text(recorded: Run) -> None:
    model = recorded.model_at(int(recorded.steps[-1]))
    assert not model.training
    ids = torch.tensor([recorded.tokenizer.encode("Quick br")])
    assert model(ids)[0].shape == (1, 8, 27)


def test_the_weights_of_a_step_are_those_of_its_model(recorded: Run) -> None:
    for step in recorded.steps:
        weights, state = recorded.weights(step), recorded.model_at(step).state_dict()
        assert set(weights) == set(state)
        assert all(torch.equal(weights[name], state[name]) for name in state)
    assert refusal(recorded.weights, 29) == "step 29 of run fox was not recorded"


def test_another_run_of_the_same_name_has_another_identity(tmp_path: Path) -> None:
    """Also for who opened the first; a run that only grows keeps its own."""
    path = new_run(tmp_path / "fox")
    first = Run.open(path)
    before = first.identity
    save_snapshot(path, 0, BigramLanguageModel(first.model_config).state_dict())
    assert first.identity == Run.open(path).identity == before
    shutil.rmtree(path)
    new_run(path)
    assert first.identity == Run.open(path).identity != before


def test_opening_a_model_of_the_past_draws_no_random_number(recorded: Run) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    recorded.model_at(0)
    assert torch.equal(torch.rand(3), expected)


def test_models_walk_through_the_steps_asked_for(recorded: Run) -> None:
    steps = recorded.steps[[0, 3, 1]]
    tables = [m.token_embedding_table.weight.detach().numpy() for m in recorded.models(steps)]
    assert np.array_equal(np.stack(tables), recorded.token_embeddings()[[0, 3, 1]])


def test_the_loss_on_the_validation_windows_is_the_one_recorded_at_every_step(
    recorded: Run,
) -> None:
    with torch.inference_mode():
        losses = [
            m(*recorded.validation_windows())[1].item() for m in recorded.models(recorded.steps)
        ]
    np.testing.assert_allclose(losses, recorded.metrics()["val_loss"], rtol=0, atol=1e-6)


def test_validation_windows_of_a_text_too_short_to_split_are_its_own(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", steps=1, snapshots=2, block_size=500)
    inputs, targets = run.validation_windows()
    assert run.split().shared
    assert run.tokenizer.decode(inputs[0].tolist()) == run.text[:500]
    assert run.tokenizer.decode(targets[-1].tolist()) == run.text[-500:]


def test_without_its_text_a_run_has_no_validation_windows(copied: Path) -> None:
    (copied / "text.txt").unlink()
    words = refusal(Run.open(copied).validation_windows)
    assert words == "text.txt of run fox is missing or damaged"


def test_any_snapshot_loads_with_safetensors_alone(recorded: Run) -> None:
    tables = [f"{name}_embedding_table.weight" for name in ("token", "position")]
    for step in recorded.steps:
        weights = safetensors.torch.load_file(
            recorded.path / "snapshots" / f"{step:08d}.safetensors"
        )
        for name in tables:
            assert weights.pop(f"gradient.{name}").shape == weights[name].shape
            assert weights.pop(f"update.{name}").shape == weights[name].shape
        BigramLanguageModel(recorded.model_config).load_state_dict(weights)


TABLES_OVER_TIME = [
    *(Run.token_embeddings, Run.position_embeddings),
    *(Run.token_gradients, Run.position_gradients),
    *(Run.token_updates, Run.position_updates),
]
over_time = pytest.mark.parametrize("read", TABLES_OVER_TIME, ids=lambda read: read.__name__)


@over_time
def test_rows_asked_for_come_alone_and_in_that_order(
    recorded: Run, read: Callable[..., np.ndarray]
) -> None:
    whole = read(recorded)
    assert whole.dtype == np.float32
    assert np.isfinite(whole).all()
    for rows in ([3], [7, 0, 2, 2], np.array([5, 6]), []):
        assert np.array_equal(read(recorded, rows), whole[:, np.asarray(rows, int)])


@over_time
@pytest.mark.parametrize("row", [-1, 27])
def test_a_row_outside_the_table_is_refused(
    recorded: Run, read: Callable[..., np.ndarray], row: int
) -> None:
    assert f"row ids must be in [0, {read(recorded).shape[1]}), got {row}" == refusal(
        read, recorded, [0, row]
    )


def test_a_large_table_costs_the_memory_of_the_rows_asked_for(copied: Path) -> None:
    count = 20_000
    tokens = [chr(0x4E00 + index) for index in range(count)]
    replace("tokenizer.json", json.dumps({"kind": "character", "tokens": tokens}).encode())(copied)
    model = json.loads((copied / "run.json").read_text())["model"] | {"vocab_size": count}
    described(model=model)(copied)
    weights = BigramLanguageModel(ModelConfig(**model)).state_dict()
    table = torch.arange(float(count))[:, None] + torch.zeros(TINY["n_embd"])
    for step in PLANNED:
        save_snapshot(copied, step, weights | {"token_embedding_table.weight": table})
    run, rows = Run.open(copied), np.arange(0, count, 100)
    assert run.steps.tolist() == PLANNED
    tracemalloc.start()
    values = run.token_embeddings(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(values, np.broadcast_to(rows[:, None], values.shape))
    assert values.nbytes < peak < 1.5 * values.nbytes + 100_000 < table.nbytes


def test_a_step_that_was_not_recorded_is_refused(recorded: Run) -> None:
    assert refusal(recorded.model_at, 29) == "step 29 of run fox was not recorded"


def test_metrics_have_one_row_a_step_in_the_promised_columns(recorded: Run) -> None:
    table = recorded.metrics()
    assert list(table.columns) == METRICS
    assert table["step"].tolist() == recorded.steps.tolist()
    assert [str(kind) for kind in table.dtypes] == ["int64"] + ["float64"] * 5 + ["object"]
    assert np.isfinite(table.drop(columns=["sample", "tokens_per_second"])).all(axis=None)
    assert all(isinstance(text, str) and text for text in table["sample"])


def test_reading_writes_nothing(recorded: Run) -> None:
    before = tree(recorded.path)
    run = Run.open(recorded.path)
    run.token_embeddings(), run.metrics(), run.model_at(0), run.status, run.text  # noqa: B018
    list_runs(recorded.path.parent)
    assert tree(recorded.path) == before


def test_a_run_of_the_first_format_opens_and_knows_no_gradients() -> None:
    run = Run.open(Path(__file__).parents[2] / "recorded" / "format-1")
    assert json.loads((run.path / "run.json").read_text())["format"] == 1
    assert (run.steps.tolist(), run.damaged, run.status.state) == ([0, 1, 2], [], "finished")
    assert run.metrics()["train_loss"].round(3).tolist() == [3.541, 3.108, 3.453]
    tokens, positions = run.token_embeddings(), run.position_embeddings()
    np.testing.assert_allclose(tokens[2, 0], [0.19178288, -0.080972], rtol=1e-6)
    for values in (run.token_gradients(), run.token_updates()):
        assert values.shape == tokens.shape
        assert np.isnan(values).all()
    for values in (run.position_gradients([1, 3]), run.position_updates([1, 3])):
        assert values.shape == positions[:, [1, 3]].shape
        assert np.isnan(values).all()
    assert np.isnan(run.gradient_norms()).all()
    assert run.model_at(2)(torch.zeros(1, 4, dtype=torch.int64))[0].shape == (1, 4, 27)


def test_a_run_of_the_first_format_can_still_be_trained(tmp_path: Path) -> None:
    old = Path(
        shutil.copytree(Path(__file__).parents[2] / "recorded" / "format-1", tmp_path / "old")
    )
    before = Run.open(old).token_embeddings()
    assert np.abs(np.diff(before, axis=0)).max((1, 2)).tolist() == pytest.approx(
        [1e-2] * 2, rel=0.2
    )
    assert train(old).state == "finished"
    # Another processor rounds gradients in another way, and Adam magnifies the smallest.
    np.testing.assert_allclose(Run.open(old).token_embeddings(), before, atol=1e-3)


def test_a_run_of_a_size_that_is_refused_meanwhile_is_still_read(tmp_path: Path) -> None:
    path = recorded_run(tmp_path / "fox", n_embd=1, n_head=1, norm="rms").path
    description = json.loads((path / "run.json").read_text())
    description["model"]["norm"] = "layer"
    (path / "run.json").write_text(json.dumps(description))
    config = Run.open(path).model_config
    assert (config.norm, config.n_embd) == ("layer", 1)
    for step in PLANNED:
        save_snapshot(path, step, BigramLanguageModel(config).state_dict())
    run = Run.open(path)
    assert run.token_embeddings().shape == (len(run.steps), 27, 1)


def test_run_json_says_how_the_run_was_made(recorded: Run) -> None:
    description = json.loads((recorded.path / "run.json").read_text())
    assert description["format"] == FORMAT == 2
    assert description["training"]["seed"] == 1337
    assert len(description["corpus"]["sha256"]) == 64
    assert set(description["libraries"]) == {"python", "torch", "numpy", "safetensors"}


def test_an_untrained_run_opens_queued_and_empty(tmp_path: Path) -> None:
    run = Run.open(new_run(tmp_path / "new"))
    assert (run.status.state, run.status.step, run.status.steps) == ("queued", 0, TINY["steps"])
    assert run.steps.tolist() == run.damaged == []
    assert run.metrics().shape == (0, len(METRICS))
    assert refusal(run.token_embeddings) == "run new has no recorded step yet"


# --- making one ----------------------------------------------------------------------------------


def test_a_second_run_of_the_same_name_is_refused_and_the_first_untouched(tmp_path: Path) -> None:
    path = new_run(tmp_path / "fox")
    before = tree(tmp_path)
    assert "a run named fox exists already" in refusal(new_run, path, n_embd=4)
    assert tree(tmp_path) == before


def test_a_folder_that_is_there_already_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "exists already" in refusal(new_run, tmp_path / "empty")
    assert os.listdir(tmp_path / "empty") == []


def test_of_eight_who_create_the_same_run_at_once_one_wins(tmp_path: Path) -> None:
    def create(seed: int) -> str:
        try:
            new_run(tmp_path / "fox", seed=seed)
        except ValueError as error:
            return str(error)
        return f"made {seed}"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    (winner,) = [answer for answer in answers if answer.startswith("made")]
    assert sum("exists already" in answer for answer in answers) == 7
    assert Run.open(tmp_path / "fox").training_config.seed == int(winner.removeprefix("made "))
    assert os.listdir(tmp_path) == ["fox"]


@pytest.mark.parametrize("name", ["fsync", "replace", "rename", "open"])
def test_a_run_appears_whole_or_not_at_all_whichever_call_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = getattr(os, name)
    for nth in range(1, 20):
        calls = [0]

        def call(*arguments: Any, calls: list[int] = calls, nth: int = nth, **named: Any) -> Any:
            calls[0] += 1
            if calls[0] == nth:
                raise OSError(28, "No space left on device")
            return real(*arguments, **named)

        path = tmp_path / f"{name}{nth}"
        with monkeypatch.context() as patch:
            patch.setattr(os, name, call)
            try:
                new_run(path)
            except OSError:
                assert calls[0] >= nth
            else:
                assert calls[0] < nth
        if path.exists():
            Run.open(path)
        assert not list(tmp_path.glob(".*"))
        if calls[0] < nth:
            return
    pytest.fail("never went through")


# --- damage --------------------------------------------------------------------------------------


def damaged_file(path: Path, kind: str) -> None:
    data = path.read_bytes()
    path.unlink()
    match kind:
        case "truncated":
            path.write_bytes(data[:-1])
        case "empty":
            path.touch()
        case "flipped":
            path.write_bytes(data[:-7] + bytes([data[-7] ^ 1]) + data[-6:])
        case "longer":
            path.write_bytes(data + b"\0")
        case "link to a folder":
            path.symlink_to(path.parent)
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "no checksum":
            path.write_bytes(safetensors.torch.save(safetensors.torch.load(data)))
        case "no tensor":
            path.write_bytes(pack({}))
        case "huge header":
            path.write_bytes((2**63).to_bytes(8, "little") + data[8:])
        case "other type":
            path.write_bytes(data.replace(b'"F32"', b'"I32"'))
        case "other shape":
            path.write_bytes(data.replace(b"[27,6]", b"[6,27]", 1))


KINDS = (
    *("truncated", "empty", "flipped", "longer", "link to a folder", "pipe", "folder"),
    *("no checksum", "no tensor", "huge header", "other type", "other shape"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_snapshot_is_listed_and_the_other_steps_work(copied: Path, kind: str) -> None:
    whole = Run.open(copied)
    step = int(whole.steps[4])
    before = whole.token_embeddings()
    damaged_file(snapshot_path(copied, step), kind)
    run = Run.open(copied)
    assert run.damaged == [step]
    assert run.steps.tolist() == [other for other in whole.steps if other != step]
    assert np.array_equal(run.token_embeddings(), np.delete(before, 4, axis=0))
    assert run.metrics()["step"].tolist() == run.steps.tolist()
    assert "was not recorded" in refusal(run.model_at, step)


def test_the_contents_of_a_step_are_those_that_safetensors_reads(recorded: Run) -> None:
    step = int(recorded.steps[4])
    tensors = safetensors.torch.load_file(snapshot_path(recorded.path, step))
    contents = recorded.contents(step)
    assert {name: (shape, dtype, size) for name, shape, dtype, size in contents} == {
        name: (tuple(tensor.shape), "float32", tensor.numel() * 4)
        for name, tensor in tensors.items()
    }
    assert len(contents) == len(tensors)


def test_the_contents_tell_tables_first_then_depth_then_what_only_recording_adds(
    recorded: Run,
) -> None:
    names = [part.name for part in recorded.contents(0)]
    starts = list(dict.fromkeys(name.split(".")[0] for name in names))
    tables = ["token_embedding_table", "position_embedding_table"]
    assert starts == [*tables, "blocks", "ln_f", "lm_head", "gradient", "update"]
    assert names[-4:] == [f"{kind}.{name}.weight" for kind in starts[-2:] for name in tables]


def test_block_10_stands_behind_block_9(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "deep", n_layer=11, steps=1, snapshots=2)
    blocks = [part.name.split(".")[1] for part in run.contents(0) if part.name.startswith("blocks")]
    assert list(dict.fromkeys(blocks)) == [str(block) for block in range(11)]


def test_attention_is_not_stored(recorded: Run) -> None:
    """Neither scores nor weights of attention, nor anything that has a query and a key axis."""
    for part in recorded.contents(0):
        assert "scores" not in part.name
        assert "weights" not in part.name
        assert len(part.shape) <= 2
        assert part.shape != (TINY["block_size"], TINY["block_size"])


def test_a_step_that_was_not_recorded_or_is_damaged_meanwhile_has_no_contents(copied: Path) -> None:
    run = Run.open(copied)
    assert "step 4 of run fox was not recorded" in refusal(run.contents, 4)
    step = int(run.steps[4])
    damaged_file(snapshot_path(copied, step), "flipped")
    said = f"the snapshot of step {step} is missing or damaged"
    assert refusal(run.contents, step) == refusal(run.model_at, step) == said
    snapshot_path(copied, step).unlink()
    assert refusal(run.contents, step) == said


def test_snapshots_that_are_links_open_as_long_as_they_lead_to_snapshots(copied: Path) -> None:
    """Stores that keep every content once link to it from each place where it is named."""
    blobs = copied.parent / "blobs"
    blobs.mkdir()
    for number, file in enumerate(sorted(copied.glob("snapshots/*"))):
        file.rename(blobs / str(number))
        file.symlink_to(blobs / str(number))
    whole = Run.open(copied).token_embeddings()
    (blobs / "1").write_bytes(b"secret words of somebody else")
    (blobs / "2").unlink()
    (blobs / "3").unlink()
    os.mkfifo(blobs / "3")
    run = Run.open(copied)
    assert run.damaged == PLANNED[1:4]
    assert np.array_equal(run.token_embeddings(), whole[[0, *range(4, len(PLANNED))]])


def test_what_leads_out_of_a_run_is_not_read(copied: Path) -> None:
    """A text, a list of metrics and a description are believed as they are: no link leads out."""
    before = {name: (copied / name).read_bytes() for name in ("text.txt", "metrics.jsonl")}
    for name, data in before.items():
        (copied / name).unlink()
        (copied.parent / name).write_bytes(data)
        (copied / name).symlink_to(copied.parent / name)
    run = Run.open(copied)
    assert run.opening() == "" and run.metrics()["train_loss"].isna().all()
    assert refusal(lambda: run.text) == "text.txt of run fox is missing or damaged"
    (copied / "run.json").rename(copied.parent / "run.json")
    (copied / "run.json").symlink_to(copied.parent / "run.json")
    assert refusal(Run.open, copied) == "run.json is a link that leads out of its folder"


def test_a_second_look_reads_no_snapshot_however_many_there_are(tmp_path: Path) -> None:
    """A cache with room for fewer has none of them left when it is asked in order again."""
    paths = [tmp_path / f"{step:08d}.safetensors" for step in range(4200)]
    paths[0].write_bytes(pack({"w": torch.zeros(3)}))
    for path in paths[1:]:
        os.link(paths[0], path)
    assert all(map(is_whole, paths))
    before = _content.cache_info().misses
    assert all(map(is_whole, paths))
    assert _content.cache_info().misses == before


Change = Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]
TOKENS, QKV = "token_embedding_table.weight", "blocks.0.sa.qkv.weight"


def other(name: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Change:
    return lambda stored: stored | {name: change(stored[name])}


UNFIT: dict[str, tuple[Change, str]] = {
    "wider": (other(TOKENS, lambda t: torch.zeros(27, 7)), "tokens.weight is 27×7, not 27×6"),
    "narrower": (other(TOKENS, lambda t: t[:, :5]), "tokens.weight is 27×5, not 27×6"),
    "turned": (other(QKV, lambda t: t.T), "0.sa.qkv.weight is 6×18, not 18×6"),
    "scalar": (other(TOKENS, lambda t: t[0, 0]), "tokens.weight is one number, not 27×6"),
    "half precision": (
        other("ln_f.weight", lambda t: t.half()),
        "ln_f.weight is float16, not float32",
    ),
    "integers": (other(TOKENS, lambda t: t.int()), "tokens.weight is int32, not float32"),
    "missing": (
        lambda stored: {name: one for name, one in stored.items() if name != QKV},
        "0.sa.qkv.weight is missing",
    ),
    "doubled": (
        lambda stored: stored | {"<b>" + TOKENS: stored[TOKENS].clone()},
        "'<b>token_embedding_table.weigh' is unknown",
    ),
    "gradient": (
        other("gradient." + TOKENS, lambda t: t[:3]),
        "gradient.tokens.weight is 3×6, not 27×6",
    ),
    "all in half precision": (
        lambda stored: {name: one.half() for name, one in stored.items()},
        "tokens.weight is float16, not float32; positions.weight is float16, not float32 "
        "and 23 more",  # of 21, and 4 of the tables
    ),
}


@pytest.mark.parametrize(("change", "words"), UNFIT.values(), ids=UNFIT)
def test_a_snapshot_of_another_model_is_left_out_and_said_in_names(
    copied: Path, change: Change, words: str
) -> None:
    """It is whole, so nothing but the configuration tells that it is not this run's."""
    for step in PLANNED[2:4]:
        stored = unpack(snapshot_path(copied, step).read_bytes())
        save_snapshot(copied, step, change(stored))
    run = Run.open(copied)
    assert run.unfit == dict.fromkeys(PLANNED[2:4], words)
    assert run.steps.tolist() == PLANNED[:2] + PLANNED[4:] and run.damaged == []
    assert np.isfinite(run.token_embeddings()).all()


@pytest.mark.parametrize("read", [Run.token_embeddings, lambda run: run.weights(PLANNED[3])])
def test_a_snapshot_that_becomes_another_models_meanwhile_is_refused(
    copied: Path, read: Callable[[Run], object]
) -> None:
    run = Run.open(copied)
    assert run.steps.tolist() == PLANNED
    stored = unpack(snapshot_path(copied, PLANNED[3]).read_bytes())
    save_snapshot(copied, PLANNED[3], UNFIT["wider"][0](stored))
    assert f"the snapshot of step {PLANNED[3]} " in refusal(read, run)


@pytest.mark.parametrize(
    ("key", "value", "unfit"),
    [("n_embd", 8, True), ("n_layer", 3, True), ("block_size", 9, True), ("norm", "rms", True),
     ("n_head", 3, False)],
)  # fmt: skip
def test_settings_of_another_model_leave_its_snapshots_out(
    copied: Path, key: str, value: object, unfit: bool
) -> None:
    model = json.loads((copied / "run.json").read_text())["model"]
    described(model=model | {key: value})(copied)
    assert list(Run.open(copied).unfit) == (PLANNED if unfit else [])


@pytest.mark.parametrize("change", [lambda tokens: tokens[1:], lambda tokens: [*tokens, "é"]])
def test_a_vocabulary_of_another_size_is_said_with_both_numbers(
    copied: Path, change: Callable[[list[str]], list[str]]
) -> None:
    path = copied / "tokenizer.json"
    state = json.loads(path.read_text())
    state["tokens"] = change(state["tokens"])
    path.write_text(json.dumps(state))
    count = len(state["tokens"])
    words = f"run fox is damaged: tokenizer.json has {count} tokens, run.json says 27"
    assert refusal(Run.open, copied) == words


def test_weights_that_no_picture_can_hold_are_counted(copied: Path) -> None:
    """Without gradients and updates; the count is that of the numbers put in."""
    bad = {PLANNED[2]: [np.nan] * 3, PLANNED[5]: [np.inf, -np.inf, 1e18, -1e38], PLANNED[6]: [9e17]}
    for step, numbers in bad.items():
        stored = unpack(snapshot_path(copied, step).read_bytes())
        stored[TOKENS].view(-1)[: len(numbers)] = torch.tensor(numbers)
        stored["update." + TOKENS].fill_(np.nan)
        save_snapshot(copied, step, stored)
    assert Run.open(copied).lost == {PLANNED[2]: 3, PLANNED[5]: 4}


def test_a_file_of_zeros_as_large_as_one_may_be_is_not_read(tmp_path: Path) -> None:
    """Its header needs another size: what is not read costs neither time nor memory."""
    path = snapshot_path(tmp_path, 1)
    path.parent.mkdir()
    path.write_bytes(packed())
    os.truncate(path, 2**31)
    tracemalloc.start()
    assert not is_whole(path)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_header_of_a_hundred_thousand_names_is_not_parsed(tmp_path: Path) -> None:
    names = {f"n{i}": {"dtype": "F32", "shape": [], "data_offsets": [0, 0]} for i in range(10**5)}
    header = json.dumps(names).encode()
    assert "a header of 6," in refusal(unpack, len(header).to_bytes(8, "little") + header)


def packed() -> bytes:
    torch.manual_seed(0)
    return pack(
        {"a": torch.randn(3, 2), "b": torch.tensor(7), "c": torch.ones(2, dtype=torch.half)}
    )


HEADERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "overlap": lambda header: header["a"].update(data_offsets=[0, 24]),
    "hole": lambda header: header.pop("a"),
    "no whole offset": lambda header: header["a"].update(data_offsets=[8, 32.0]),
    "no number as offset": lambda header: header["b"].update(data_offsets=[False, 8]),
    "backwards": lambda header: header["a"].update(data_offsets=[32, 8]),
    "too small": lambda header: header["a"].update(shape=[3, 1]),
    "too large": lambda header: header["a"].update(shape=[4, 2]),
    "below zero": lambda header: header["a"].update(shape=[-3, -2]),
    "no number": lambda header: header["a"].update(shape=[3, "2"]),
    "no whole number": lambda header: header["a"].update(shape=[3.0, 2.0]),
    "no shape": lambda header: header["a"].pop("shape"),
    "unknown type": lambda header: header["a"].update(dtype="F31"),
    "another type": lambda header: header["a"].update(dtype="F64"),
    "no tensor": lambda header: header.update(a=None),
    "a surrogate": lambda header: header.update({"\ud800": header.pop("a")}),
    "beyond any number": lambda header: header.update(
        d={"dtype": "F32", "shape": [10**30, 0], "data_offsets": [36, 36]}
    ),
}


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS)
def test_a_header_that_safetensors_refuses_is_refused(
    change: Callable[[dict[str, Any]], object],
) -> None:
    data = packed()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    change(header)
    text = json.dumps(header).encode()
    changed = len(text).to_bytes(8, "little") + text + data[begin:]
    with pytest.raises(safetensors.SafetensorError):
        safetensors.torch.load(changed)
    assert "checksum" not in refusal(unpack, changed)


@given(st.integers(0, len(packed()) - 1), st.integers(1, 255))
@settings(max_examples=400)
def test_no_changed_byte_goes_unnoticed(place: int, change: int) -> None:
    data = bytearray(packed())
    data[place] ^= change
    try:
        seen = unpack(bytes(data))
    except ValueError:
        return
    whole = unpack(packed())  # white space of the header may change without harm
    assert seen.keys() == whole.keys()
    assert all(torch.equal(seen[name], whole[name]) for name in whole)
    assert all(seen[name].dtype == whole[name].dtype for name in whole)


@given(st.binary(max_size=200))
def test_random_bytes_are_no_snapshot(data: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(data)


@given(st.integers(0, len(packed()) - 1))
def test_no_beginning_of_a_snapshot_is_one(length: int) -> None:
    with pytest.raises(ValueError):
        unpack(packed()[:length])


class Canary:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_never_opened(copied: Path) -> None:
    canary = copied.parent / "canary"
    data = pickle.dumps(Canary(canary))
    for name in ("snapshots/00000001.safetensors", "resume.safetensors"):
        (copied / name).write_bytes(data)
    torch.save({"a": Canary(canary)}, copied / "snapshots" / "00000002.safetensors")
    run = Run.open(copied)
    assert run.damaged == [1, 2]
    run.token_embeddings()
    assert not canary.exists()
    pickle.loads(data)
    assert canary.exists(), "the canary itself does not sing"


@pytest.mark.parametrize(
    "name",
    [
        "readme.txt",
        ".00000001.safetensors.1234",
        "1.safetensors",
        "x.safetensors",
        "٣.safetensors",
        f"{10**25}.safetensors",
        "10000001.safetensors",
        "\udce4.safetensors",
    ],
)
def test_foreign_files_among_the_snapshots_are_ignored(copied: Path, name: str) -> None:
    shutil.copy(snapshot_path(copied, 1), copied / "snapshots" / name)
    run = Run.open(copied)
    assert run.steps.tolist() == PLANNED
    assert run.damaged == []


def test_a_torn_last_line_is_not_yet_there_whatever_its_length(copied: Path) -> None:
    path = copied / "metrics.jsonl"
    data = path.read_bytes()
    start = data[:-1].rindex(b"\n") + 1
    for end in range(start, len(data) - 1):
        path.write_bytes(data[:end])
        assert [row["step"] for row in read_metrics(copied)] == Run.open(copied).steps[:-1].tolist()
    table = Run.open(copied).metrics()
    assert table["step"].tolist() == Run.open(copied).steps.tolist()
    assert np.isnan(table["train_loss"].iloc[-1])
    assert table["sample"].iloc[-1] == ""


@pytest.mark.parametrize(
    "line",
    [
        *(b"null", b"[1]", b"7", b'{"a": 1}', b'{"step": "1"}', b'{"step": null}', b"\xff\xfe"),
        *(b"[" * 100_000, b'{"step": 1e999}', b'{"step": true}'),
    ],
)
def test_a_line_that_is_no_metrics_is_skipped(copied: Path, line: bytes) -> None:
    before = read_metrics(copied)
    with (copied / "metrics.jsonl").open("ab") as file:
        file.write(line + b"\n")
    assert read_metrics(copied) == before


BAD_NUMBERS = ["1e999", "1e39", "-1e300", '"x"', '"\\ud800"', "[1]", '{"a": 1}', "1" + "0" * 400]


@pytest.mark.parametrize("value", BAD_NUMBERS)
def test_a_metric_that_is_no_number_is_not_known(copied: Path, value: str) -> None:
    with (copied / "metrics.jsonl").open("a") as file:
        file.write(f'{{"step": 0, "train_loss": {value}, "sample": {value}}}\n')
    row = Run.open(copied).metrics().iloc[0]
    assert np.isnan(row["train_loss"])
    assert row["sample"] == json.loads(value) if value == '"x"' else row["sample"] == ""


def test_without_metrics_the_steps_still_open(copied: Path) -> None:
    (copied / "metrics.jsonl").unlink()
    run = Run.open(copied)
    assert len(run.steps) == len(run.token_embeddings()) == len(run.metrics()) == len(PLANNED)


def test_without_snapshots_a_run_is_empty(copied: Path) -> None:
    shutil.rmtree(copied / "snapshots")
    run = Run.open(copied)
    assert run.steps.tolist() == run.damaged == []


def remove(name: str) -> Callable[[Path], object]:
    return lambda run: (run / name).unlink()


def replace(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda run: (run / name).write_bytes(data)


def described(**changes: Any) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        path = run / "run.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (remove("run.json"), "run.json is missing"),
        (remove("tokenizer.json"), "tokenizer.json is missing"),
        (replace("run.json", b"{"), "run.json is damaged"),
        (replace("run.json", b"[]"), "run.json is damaged"),
        (replace("tokenizer.json", b"\0"), "tokenizer.json is damaged"),
        (replace("tokenizer.json", b"{}"), "tokenizer kind must be character, word or bpe"),
        (described(format=3), "run fox has format 3, this version reads 1 to 2; update Driftscope"),
        (described(format=0), "run fox has format 0, this version reads 1 to 2"),
        (described(format="9" * 500), "this version reads 1 to 2; update Driftscope"),
        (described(corpus=None), "run fox is damaged"),
        (described(corpus={"name": "x"}), "run.json lacks the text's name and hash"),
        (described(corpus={"name": 7, "sha256": "0"}), "run.json lacks the text's name and hash"),
        (described(corpus={"name": "\ud800", "sha256": ""}), "run.json lacks the text's name"),
        (described(model=[]), "run fox is damaged"),
        (described(model={}), "vocab_size is missing"),
        (described(training={"steps": -1}), "steps must be greater than or equal to 1, got -1"),
        (described(training={"warp": 9}), "unknown setting 'warp'"),
    ],
)
def test_a_directory_that_does_not_open_says_why(
    copied: Path, harm: Callable[[Path], object], words: str
) -> None:
    harm(copied)
    assert words in refusal(Run.open, copied)


@pytest.mark.parametrize("harm", [remove("text.txt"), replace("text.txt", b"\xff")])
def test_a_run_without_its_text_opens_and_says_so_when_the_text_is_asked_for(
    copied: Path, harm: Callable[[Path], object]
) -> None:
    harm(copied)
    run = Run.open(copied)
    assert len(run.token_embeddings()) == len(PLANNED)
    assert refusal(lambda: run.text) == "text.txt of run fox is missing or damaged"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3),
    max_leaves=5,
)
fields = st.sampled_from([*Status.__dataclass_fields__, "unknown"])


@given(st.dictionaries(fields, json_values, max_size=8))
@example({"state": "dancing"})
@example({"step": "x"})
@example({"words": 7})
@example({"words": "\ud800\n" * 300, "step": 10**400, "steps": -1})
@example({"words": "\ud800\n" * 300})
@example({"state": "running", "heartbeat": float("nan")})
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_status_on_disk_stops_a_reader(tmp_path: Path, content: dict[str, Any]) -> None:
    (tmp_path / "status.json").write_text(json.dumps(content))
    status = read_status(tmp_path)
    assert 0 <= status.step <= 10**7 and 0 <= status.steps <= 10**7
    assert status.state in ("queued", "finished", "stopped", "diverged", "failed")
    if status.words and "/" not in status.words:
        sentence(status.words)


def test_a_missing_status_is_said_and_the_steps_open(copied: Path) -> None:
    (copied / "status.json").unlink()
    run = Run.open(copied)
    assert run.status.words == "status.json is missing or damaged; recorded steps still open"
    assert len(run.steps) == len(PLANNED)


# --- the runs folder -----------------------------------------------------------------------------


def test_runs_are_kept_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", "/somewhere")
    assert runs_folder() == Path("/somewhere")
    monkeypatch.delenv("DRIFTSCOPE_RUNS")
    assert runs_folder() == Path("runs")


def test_runs_are_listed_oldest_first_and_nothing_else_is(tmp_path: Path) -> None:
    for age, name in enumerate(["b", "c", "a"]):
        os.utime(new_run(tmp_path / name) / "run.json", (1000 + age, 1000 + age))
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / ".slots").mkdir()
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "run.json")
    (tmp_path / "loop").symlink_to("loop")
    shutil.copytree(tmp_path / "a", tmp_path / ".a.making")
    for name in (os.fsdecode(b"l\xe4uft"), "two\nlines", "\x1b[31mred"):  # nothing for a screen
        shutil.copytree(tmp_path / "a", tmp_path / name)
    assert list_runs(tmp_path) == ["b", "c", "a"]
    assert list_runs(tmp_path / "nowhere") == []


def test_a_run_deleted_while_listed_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        new_run(tmp_path / name)
    real = Path.stat

    def stat(path: Path, **named: Any) -> os.stat_result:
        if path.name == "run.json" and path.parent.name == "b":
            shutil.rmtree(path.parent, ignore_errors=True)
        return real(path, **named)

    monkeypatch.setattr(Path, "stat", stat)
    assert sorted(list_runs(tmp_path)) == ["a", "c"]


def test_a_saved_snapshot_is_what_was_given(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    weights = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(3)}
    save_snapshot(tmp_path, 7, weights)
    seen = unpack(snapshot_path(tmp_path, 7).read_bytes())
    assert all(torch.equal(seen[name], weights[name]) for name in weights)


def test_the_run_that_comes_with_the_app_is_whole() -> None:
    run = Run.open(Path(explorer.__file__).parent / "recorded" / "quick-brown-fox")
    assert run.damaged == []
    assert run.status.state == "finished"
    assert run.steps[-1] == run.training_config.steps
    assert len(run.metrics()) == len(run.steps) == len(run.token_embeddings()) > 100


@pytest.mark.parametrize("tokenizer", ["word", "bpe"])
def test_runs_of_words_and_byte_pairs_open_with_their_tokenizer(
    tmp_path: Path, tokenizer: str
) -> None:
    run = recorded_run(tmp_path / "fox", tokenizer=tokenizer, steps=2, snapshots=2)
    assert run.tokenizer.kind == tokenizer
    assert run.tokenizer.decode(run.tokenizer.encode(SENTENCE)) == SENTENCE
    assert run.token_embeddings().shape == (2, len(run.tokenizer.tokens), 6)
