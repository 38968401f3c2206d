"""Similarity on the Tables page: what it draws, in which order, and what it says."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity
from streamlit.testing.v1 import AppTest

from explorer.data.similarity import Alike
from explorer.visit.runs import RECORDED
from model_core.embeddings.similarity import cluster_order
from model_core.labels import token_label
from model_core.runs import Run
from tests.support.pages import SHIPPED, captions, drawn, opened, panels, words
from tests.support.runs import recorded_run

OF_TOKENS = {"cosines", "pairs", "pair"}
WITH_ANALOGY = {"cosines", "analogy", "parallel"}
OF_POSITIONS = {"cosines", "by-distance", "waves"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("similar") / "runs"
    recorded_run(folder / "boom", learning_rate=1e6, norm="none")  # weights become NaN
    recorded_run(folder / "thin", "aab" * 40, n_embd=1, n_head=1, norm="rms", block_size=1)
    return folder


@pytest.fixture(autouse=True)
def _runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))


def view(**query: str) -> AppTest:
    return opened("tables", **{"tables.view": "Similarity"} | query)


def heatmap(app: AppTest, run: Run) -> tuple[list[int], np.ndarray]:
    """The tokens' ids in their order, and the cosines over all steps."""
    header, arrays = drawn(app)
    panel: dict[str, Any] = next(one for one in header["panels"] if one["key"] == "cosines")
    known = {token_label(token): at for at, token in enumerate(run.tokenizer.tokens)}
    labels = json.loads(panel["figure"])["data"][0]["customdata"][0]
    (moving,) = panel["moving"]
    return [known[unescape(label)] for label in labels], arrays[moving["array"]]


def test_both_tables_have_their_pictures_at_every_switch() -> None:
    app = view()
    assert set(panels(app)) == OF_TOKENS and words(app) == []
    for name, keys in (("Positions", OF_POSITIONS), ("Tokens", OF_TOKENS)) * 2:
        app.segmented_control(key="tables.similar").set_value(name).run()
        assert not app.exception and set(panels(app)) == keys


@pytest.mark.parametrize("run", ["boom", "thin"])
def test_a_run_with_lost_numbers_or_one_position_has_what_there_is(run: str) -> None:
    absent = {"by-distance"} if run == "thin" else set()
    for table, keys in (("Tokens", OF_TOKENS), ("Positions", OF_POSITIONS)):
        app = view(run=run, **{"tables.similar": table})
        assert set(panels(app)) == keys - absent
        assert "nan" not in " ".join(panel["title"] for panel in panels(app).values()).lower()


def test_cosines_stand_in_the_same_order_at_all_steps_and_the_title_says_which() -> None:
    table = SHIPPED.token_embeddings()
    for chosen, at in (("last step", -1), ("first step", 0), ("ids", None), ("last step", -1)):
        app = view(**{"tables.order": chosen})
        ids, cosines = heatmap(app, SHIPPED)
        order = range(27) if at is None else cluster_order(table[at])
        assert ids == list(order)
        for step in (0, 60, 119):
            np.testing.assert_allclose(
                cosines[step], cosine_similarity(table[step][ids]), atol=1e-5
            )
        said = panels(app)["cosines"]["title"]
        assert ("in clusters of the " + chosen in said) == (at is not None)


def test_the_most_alike_of_many_tokens_are_named_and_how_many_are_shown() -> None:
    run = Run.open(RECORDED / "english")
    app = view(run="english")
    ids, cosines = heatmap(app, run)
    assert len(ids) == 100 and "(the 100 most frequent of 105)" in panels(app)["cosines"]["title"]
    last = cosine_similarity(run.token_embeddings()[-1][ids])
    np.fill_diagonal(last, -1)
    one, other = np.unravel_index(last.argmax(), last.shape)
    pair = {run.tokenizer.tokens[ids[at]] for at in (one, other)}
    found = re.search(r": (.) and (.), cosine ([\d.]+)", panels(app)["cosines"]["title"])
    assert found is not None and {found[1], found[2]} == pair
    assert float(found[3]) == pytest.approx(last.max(), abs=0.005)


def test_an_analogy_is_of_the_tokens_chosen() -> None:
    run = Run.open(RECORDED / "english")
    app = view(run="english")
    assert set(panels(app)) == WITH_ANALOGY
    assert panels(app)["analogy"]["title"] == "t − T + I: i is number 1 of 102 at step 5,000"
    code = {token: at for at, token in enumerate(run.tokenizer.tokens)}
    for token in ("o", "e"):
        app.selectbox(key="tables.d").set_value(code[token]).run()
        table = run.token_embeddings()[-1].astype(float)
        wanted = table[code["t"]] - table[code["T"]] + table[code["I"]]
        near = cosine_similarity(wanted[None], table)[0]
        near[[code["t"], code["T"], code["I"]]] = -2
        rank = 1 + (near > near[code[token]]).sum()
        assert f"{token} is number {rank} of 102" in panels(app)["analogy"]["title"]


def test_without_an_analogy_the_most_alike_pairs_stand_beside_what_chance_reaches() -> None:
    app = view(run="quick-brown-fox")
    assert set(panels(app)) == OF_TOKENS
    assert "choose a, b, c and d" in captions(app)
    table = SHIPPED.token_embeddings()
    for step in (0, -1):
        near = cosine_similarity(table[step])
        pairs = sorted(((near[i, j], i, j) for i in range(27) for j in range(i)), reverse=True)
        lines = panels(app)["pairs"]["texts"][step].split("\n")
        for line, (cosine, *pair) in zip(lines, pairs, strict=False):
            _, one, other, said = line.split()
            assert {one, other} == {token_label(SHIPPED.tokenizer.tokens[at]) for at in pair}
            assert float(said) == pytest.approx(cosine, abs=6e-4)
        assert len(lines) == 8
    rng = np.random.default_rng(7)  # other shuffles than ours
    highest = []
    for _ in range(99):
        near = cosine_similarity(np.stack([rng.permutation(one) for one in table[-1].T], axis=1))
        highest.append(np.tril(near, -1).max())
    title = panels(app)["pair"]["title"]
    found = re.search(r"are (no )?more alike than the most alike pair by chance, ([\d.]+)", title)
    assert found is not None and float(found[2]) == pytest.approx(max(highest), abs=0.02)
    assert bool(found[1]) == (pairs[0][0] <= float(found[2]))
    assert f"by chance up to {found[2]}" in panels(app)["cosines"]["title"]


@pytest.mark.parametrize("count", [0, 1])
def test_without_a_number_no_pair_is_the_most_alike(count: int) -> None:
    none = Alike(np.full((2, count, 2), -1), np.full((2, count), np.nan), -np.inf)
    assert none.most is None
    known = none.cosines.copy()
    known[-1, :1] = 0.5
    assert none._replace(cosines=known).most == (None if not count else (-1, -1, 0.5))


def test_an_analogy_is_asked_when_its_four_tokens_are_chosen() -> None:
    app = view(run="quick-brown-fox")
    for name, token, keys in (
        ("a", 3, OF_TOKENS),
        ("b", 4, OF_TOKENS),
        ("c", 5, OF_TOKENS),
        ("d", 6, WITH_ANALOGY),
        ("b", -1, OF_TOKENS),
    ):
        app.selectbox(key=f"tables.{name}").set_value(token).run()
        assert not app.exception and set(panels(app)) == keys


def test_an_analogy_that_as_many_tokens_fit_as_by_chance_is_said_to_be_none() -> None:
    four = {f"tables.{name}": str(token) for name, token in zip("abcd", range(4), strict=True)}
    title = panels(view(run="quick-brown-fox", **four))["analogy"]["title"]
    found = re.search(r"is number (\d+) of (\d+), no better than chance, at step 1,000", title)
    assert found is not None and int(found[1]) > 0.05 * int(found[2])


def test_positions_of_english_are_alike_side_by_side_and_made_of_slow_waves() -> None:
    app = view(run="english", **{"tables.similar": "Positions"})
    table = Run.open(RECORDED / "english").position_embeddings()[-1].astype(float)
    pairs = cosine_similarity(table)
    near = np.mean([pairs[at, at + 1] for at in range(31)])
    far = np.mean([pairs[at, at + 16] for at in range(16)])
    assert f"a cosine of {near:.2f}, 16 apart {far:.2f}" in panels(app)["by-distance"]["title"]
    power = np.abs(np.fft.fft(table, axis=0)) ** 2
    slow = power[[0, 1, 2, -1, -2]].sum() / power.sum()
    assert f"are {slow:.0%} of the table" in panels(app)["waves"]["title"]
    assert "of random numbers 16%" in panels(app)["waves"]["title"]  # 5 of 32
