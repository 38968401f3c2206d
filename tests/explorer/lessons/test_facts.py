"""Numbers in lessons, each computed a second way from the files of a run."""

import math
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from explorer.data.facts.by_name import FACTS, Fact, fact, usage
from explorer.lessons.wording import written
from explorer.visit.runs import RECORDED
from model_core.attention import attend
from model_core.attention.roles import probe_ids
from model_core.labels import readable
from model_core.runs import Run
from model_core.runs.status import write_status
from tests.support.runs import new_run

RUN = Run.open(RECORDED / "quick-brown-fox")
TEXT = "Quick brown fox jumped over the lazy dog."
LAST = int(RUN.steps[-1])
TOKENS = sorted(set(TEXT))
TABLE = "token_embedding_table.weight"


def of(run: Run) -> Callable[[str], Run]:
    """This run, and by their names those that come with the app."""
    return lambda name: Run.open(RECORDED / name) if name else run


def had(name: str, *arguments: str) -> Fact:
    return fact(of(RUN), name, arguments)


def weights(step: int) -> dict[str, torch.Tensor]:
    return load_file(RUN.path / "snapshots" / f"{step:08}.safetensors")


def row(token: str, step: int) -> np.ndarray:
    return weights(step)[TABLE][TOKENS.index(token)].double().numpy()


def test_sizes_are_those_of_the_text_and_of_the_files() -> None:
    stored = weights(0)
    assert had("vocab_size") == len(TOKENS) == had("last_row") + 1  # type: ignore[operator]
    assert had("id", "k") == TOKENS.index("k") and had("id", "␣") == 0
    assert had("block_size") == len(TEXT) and had("last_step") == LAST
    assert had("n_embd") == stored[TABLE].shape[1]
    assert had("numbers") == stored[TABLE].numel()
    assert had("guessing") == pytest.approx(math.log(len(TOKENS)))
    assert had("count", "o") == Counter(RUN.tokenizer.decode(RUN.split().train.tolist()))["o"]
    model = RUN.model_at(0)
    assert had("parameters") == sum(one.numel() for one in model.parameters())
    assert had("n_layer") == 2 and had("n_head") == 1 and had("head_size") == had("n_embd")


def test_a_run_that_grows_or_ends_is_asked_anew(recorded: Run, tmp_path: Path) -> None:
    path = tmp_path / "fox"
    shutil.copytree(recorded.path, path)
    last = max(path.glob("snapshots/*"))
    last.rename(tmp_path / "later")
    write_status(path, replace(recorded.status, state="stopped"))
    names = ("last_step", "state")
    assert [fact(of(Run.open(path)), name, ()) for name in names] == [recorded.steps[-2], "stopped"]
    (tmp_path / "later").rename(last)
    write_status(path, recorded.status)
    assert [fact(of(Run.open(path)), name, ()) for name in names] == [
        recorded.steps[-1],
        "finished",
    ]


def test_losses_are_as_recorded() -> None:
    metrics = RUN.metrics()
    assert had("loss") == metrics["train_loss"].iloc[-1]
    assert had("loss", "0") == metrics["train_loss"].iloc[0]
    assert had("val_loss", "0") == metrics["val_loss"].iloc[0]


def test_rows_and_what_stands_between_them_are_read_from_the_snapshots() -> None:
    start, end, c = row("k", 0), row("k", LAST), row("c", LAST)
    assert had("row", "k", "0") == "[" + ", ".join(written(float(one)) for one in start) + "]"
    fourth = weights(0)["position_embedding_table.weight"][4]
    assert (
        had("position_row", "4", "0")
        == "[" + ", ".join(written(float(one)) for one in fourth) + "]"
    )
    assert had("moved", "k") == pytest.approx(math.dist(start, end))
    later = weights(LAST)["position_embedding_table.weight"][4]
    assert had("position_moved", "4") == pytest.approx(math.dist(fourth.tolist(), later.tolist()))
    assert had("length", "k") == pytest.approx(math.hypot(*end))
    assert had("distance", "k", "c") == pytest.approx(math.dist(end, c))
    cosine = torch.cosine_similarity(torch.tensor(end), torch.tensor(c), dim=0).item()
    assert had("cosine", "k", "c") == pytest.approx(cosine)
    o = torch.cosine_similarity(torch.tensor(end), torch.tensor(row("o", LAST)), dim=0).item()
    assert had("nearer", "k", "c", "o") == ("c" if cosine > o else "o")
    rows = torch.nn.functional.normalize(weights(LAST)[TABLE].double(), dim=1)
    alike = rows @ rows.T - 2 * torch.eye(len(rows))
    assert had("crowding") == pytest.approx(alike.max(1).values.mean().item(), abs=1e-6)
    assert had("spread", "tokens", "0") == pytest.approx(weights(0)[TABLE].std(correction=0).item())


def test_what_follows_and_what_the_model_expects() -> None:
    assert had("follows", "k", "c") == TEXT.count("ck") / TEXT.count("c")
    model = RUN.model_at(LAST)
    ids = torch.tensor([[TOKENS.index(one) for one in "Quic"]])
    with torch.inference_mode():
        expected = model(ids)[0][0, -1].softmax(0)
    assert had("probability", "Quic", "k") == pytest.approx(expected[TOKENS.index("k")].item())
    assert had("likeliest", "Quic") == TOKENS[int(expected.argmax())]


def test_attention_and_norms_are_those_of_the_example() -> None:
    model = RUN.model_at(LAST)
    x = model.token_embedding_table.weight[[TOKENS.index(one) for one in TEXT]]
    x = x + model.position_embedding_table.weight
    assert had("norm", "std_in") == pytest.approx(x.std(1, correction=0).mean().item(), rel=1e-5)
    assert had("norm", "mean_in") == pytest.approx(x.mean(1).mean().item(), abs=1e-6)
    row_ = [had("weight", "0", "0", "3", str(key)) for key in range(5)]
    assert sum(map(float, row_)) == pytest.approx(1, abs=1e-6) and row_[4] == 0


def test_one_vector_before_and_after_the_first_norm() -> None:
    entering = row("Q", LAST) + weights(LAST)["position_embedding_table.weight"][0].double().numpy()
    gain, shift = (weights(LAST)[f"blocks.0.ln1.{part}"] for part in ("weight", "bias"))
    leaving = torch.nn.functional.layer_norm(
        torch.tensor(entering).float(), (len(entering),), gain, shift, 1e-5
    )
    assert had("entering", "0") == "[" + ", ".join(written(float(one)) for one in entering) + "]"
    assert had("leaving", "0") == "[" + ", ".join(written(float(one)) for one in leaving) + "]"
    assert had("mean_at", "0") == pytest.approx(sum(entering) / len(entering))
    assert had("std_at", "0") == pytest.approx(np.sqrt(np.cov(entering, bias=True)))


def test_a_head_of_induction_reads_what_followed() -> None:
    """On strings repeated over and over, by hand: what followed the token the last times."""
    run = Run.open(RECORDED / "induction")
    shares, before = [], []
    for ids in probe_ids(run.model_config.vocab_size, run.model_config.block_size):
        every = attend(run.model_at(1000), ids).weights
        before.append(np.diagonal(every, -1, 2, 3).mean(-1))  # (L, H)
        weights = every[1, 0]
        after = [[k for k in range(1, q) if ids[k - 1] == ids[q]] for q in range(len(ids))]
        shares.append(np.mean([weights[q, ks].sum() for q, ks in enumerate(after) if ks]))
    assert fact(of(run), "role", ("induction", "1", "0")) == pytest.approx(
        np.quantile(shares, 0.25)
    )
    assert fact(of(run), "top_role", ("1", "0")) == "induction"
    assert fact(of(run), "top_head", ("previous token",)) == "Layer 0, head 2"
    assert np.mean(before, 0).argmax() == 2
    with pytest.raises(ValueError, match="'copy' is none of previous token"):
        fact(of(run), "role", ("copy", "1", "0"))


def test_what_becomes_of_a_run_is_told_by_comparing_steps_and_runs() -> None:
    metrics = RUN.metrics()
    assert had("sample", "0") == readable(metrics["sample"].iloc[0][:60])
    assert had("state") == "finished"
    assert had("trend", "loss") == "falls" and had("trend", "loss", "last", "0") == "rises"
    pair = ("exploding-with-layer-norm", "quick-brown-fox")
    last = [Run.open(RECORDED / name).metrics()["val_loss"].iloc[-1] for name in pair]
    assert had("lower", "val_loss", *pair) == pair[int(np.argmin(last))]
    assert had("higher", "val_loss", *pair) == pair[int(np.argmax(last))]
    assert had("trend", "probability", "0", "last", "Quic", "k") == "rises"
    assert had("same", "vocab_size", "quick-brown-fox") == "the same"
    sizes = {Run.open(RECORDED / name).model_config.n_embd for name in pair}
    assert had("same", "n_embd", pair[0]) == ("the same" if len(sizes) == 1 else "another")
    ways = {token: math.dist(row(token, 0), row(token, LAST)) for token in TOKENS}
    assert had("farthest") == max(ways, key=lambda token: ways[token])
    assert had("farthest_by") == pytest.approx(max(ways.values()), rel=1e-6)


def test_what_is_written_otherwise_is_told_how() -> None:
    assert usage("n_embd") == "{n_embd}" and usage("loss") == "{loss(step=last)}"
    assert usage("higher") == "{higher(name, one, other)}"
    for name, arguments in (("loss", ("0", "1")), ("row", ()), ("lower", ("loss",))):
        with pytest.raises(ValueError, match=re.escape(f"it is written {usage(name)}")):
            had(name, *arguments)


def test_the_first_number_of_a_row_moves_against_its_gradient() -> None:
    """Adam's first step is one learning rate, whatever the gradient's size."""
    rate = RUN.training_config.learning_rate
    for channel, (before, after) in enumerate(zip(row("k", 0), row("k", 1), strict=True)):
        gradient = had("gradient", "k", str(channel), "0")
        assert isinstance(gradient, float) and gradient != 0
        assert after - before == pytest.approx(-math.copysign(rate, gradient), rel=1e-3)
        grown = had("change", "k", str(channel), "0", "1")
        assert grown == ("larger" if gradient < 0 else "smaller")


def test_before_its_first_step_a_run_has_what_needs_none(tmp_path: Path) -> None:
    run = Run.open(new_run(tmp_path / "new"))
    assert fact(of(run), "id", ("k",)) == TOKENS.index("k") and fact(of(run), "n_embd", ()) == 6
    for name, arguments in (("loss", ()), ("row", ("k",)), ("last_step", ()), ("sample", ())):
        with pytest.raises(ValueError, match="^run new has no recorded step yet$"):
            fact(of(run), name, arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("loss", ("7777",), "step 7777 of run quick-brown-fox was not recorded"),
        ("id", ("ß",), "run quick-brown-fox has no token 'ß'"),
        ("spread", ("rows",), "'rows' is neither tokens nor positions"),
        ("norm", ("median",), "'median' is none of mean_in"),
        ("nothing", (), "there is no 'nothing'"),
    ],
)
def test_what_cannot_be_had_says_why(name: str, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        had(name, *arguments)


def test_every_number_has_a_test() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    assert not [name for name in FACTS if f'"{name}"' not in tested]
