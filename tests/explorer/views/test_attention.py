"""The Attention page in Streamlit's own test harness: five views, what they keep and say."""

import base64
import json
import math
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from streamlit.testing.v1 import AppTest

from explorer.data import heads
from explorer.panels import NO_ROLE
from explorer.views.attention import role_marks as marks
from explorer.views.attention import two_sentences as sentences
from explorer.visit import session
from explorer.visit.focus import Focus, focus_of
from explorer.visit.moment import Moment, moment_of
from explorer.visit.sentence import Sentence
from explorer.visit.sentence import sentence as sentence_of
from explorer.visit.state import Visit
from model_core.attention.heads import attend, read_weights
from model_core.attention.roles import MEASURES, THRESHOLD, probe_ids, probe_scores
from model_core.runs import Run, history
from model_core.runs.tensors import Stored
from tests.support.pages import (
    FOX,
    SHIPPED,
    captions,
    drawn,
    go_to,
    named,
    opened,
    panels,
    press,
    visitor,
    words,
)
from tests.support.runs import recorded_run

STAGES = {"stage-product", "stage-scaled", "stage-masked", "stage-weights"}
PANELS = {  # what a view draws
    "All heads": {"text", "heads", "head", *STAGES},
    "One weight": {"text", "head", "contribution", "pair", "arithmetic"},
    "Roles": {"scores", "role-curves", "costs", "before-after", "entropy"},
    "Next token": {"text", "next", "lens", "lens-words", "written"},
    "Two sentences": {"text", "head", "second-text", "second-head"},
}
VIEWS = tuple(PANELS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder, for reading only."""
    folder = tmp_path_factory.mktemp("attending") / "runs"
    recorded_run(folder / "heads")  # two layers of two
    recorded_run(folder / "flat", n_layer=0)
    recorded_run(folder / "boom", learning_rate=1e6, norm="none")  # weights become NaN
    (recorded_run(folder / "bare", block_size=41).path / "text.txt").unlink()
    return folder


@pytest.fixture(autouse=True)
def _runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(made))


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a visitor of the shipped run looks at, without a browser."""
    return visitor(monkeypatch)


def attention(view: str, **query: str) -> AppTest:
    asked = {"run": SHIPPED.name, "view": view} | query
    return opened("attention", **named("attention", asked))


def switch(app: AppTest, view: str) -> AppTest:
    app.segmented_control(key="attention.view").set_value(view).run()
    assert not app.exception
    return app


def read(text: str) -> Sentence:
    return sentence_of(SHIPPED, text)


# ---- every view, whatever is looked at -----------------------------------------------------------


def at_the_end(run: Path) -> str:
    return str(Run.open(run).steps[-1])


LOOKS: dict[str, Callable[[Path], dict[str, str]]] = {
    "shipped": lambda _: {},
    "one token": lambda _: {"text": "Q"},
    "window": lambda _: {"text": "the lazy dog " * 5, "from": "24"},
    "two by two": lambda _: {"run": "heads", "text": "the fox", "head": "1.1"},
    "diverged": lambda made: {"run": "boom", "text": "the", "step": at_the_end(made / "boom")},
    "no text": lambda _: {"run": "bare"},
}
MISSING = {  # panels that cannot be
    ("Roles", "no text"): {"costs", "before-after"},
    ("Roles", "diverged"): {"costs", "before-after"},
    ("Next token", "diverged"): {"written"},
}
BOXES = {  # how the sentences in boxes begin, on every view and on one
    "diverged": ["loss became NaN or infinite at step 1"],
    ("Roles", "two by two"): ["No roles here"],
    ("Roles", "no text"): ["What a head is worth cannot be measured"],
    ("Roles", "diverged"): ["No roles here", "The loss at step 1"],
    ("Next token", "diverged"): ["the model has diverged and writes no text"],
}


@pytest.mark.parametrize("asked", LOOKS)
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_draws_its_panels_or_says_why_not(made: Path, view: str, asked: str) -> None:
    app = attention(view, **LOOKS[asked](made))
    assert panels(app).keys() == PANELS[view] - MISSING.get((view, asked), set())
    expected = BOXES.get(asked, []) + BOXES.get((view, asked), [])
    for sentence, beginning in zip(words(app), expected, strict=True):
        assert sentence.startswith(beginning)
    assert ("The sentence has 65 tokens" in captions(app)) == (asked == "window")


def test_weights_that_are_no_numbers_have_no_entropy_either(made: Path) -> None:
    end = at_the_end(made / "boom")
    weights = attend(Run.open(made / "boom").model_at(int(end)), torch.tensor([0, 1, 2])).weights
    assert np.isnan(weights[1, 0, 2]).all()
    header, _ = drawn(attention("Roles", run="boom", text="the", step=end, head="1.0"))
    (entropy,) = (panel for panel in header["panels"] if panel["key"] == "entropy")
    trace = json.loads(entropy["figure"])["data"][0]
    shown = np.frombuffer(base64.b64decode(trace["y"]["bdata"]), trace["y"]["dtype"])
    assert np.isfinite(shown[0]) and np.isnan(shown[-1])


@pytest.mark.parametrize("view", VIEWS)
def test_without_layers_the_page_says_there_is_no_attention(view: str) -> None:
    app = attention(view, run="flat", text="the")
    assert words(app) == [
        "This model has no layers, so it has no attention: it looks at one token at a time."
    ]
    assert panels(app) == {}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_grows_with_the_recorded_steps(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(tmp_path / "runs"))
    folder = shutil.copytree(made / "heads", tmp_path / "runs" / "grows")
    later = sorted((folder / "snapshots").iterdir())[4:]
    for snapshot in later:
        snapshot.rename(tmp_path / snapshot.name)
    app = attention(view, run="grows", text="the fox")
    for count in (4, 5, 4 + len(later)):
        for snapshot in later[: count - 4]:
            if not snapshot.exists():
                (tmp_path / snapshot.name).rename(snapshot)
        app.run()
        assert not app.exception
        header, arrays = drawn(app)
        steps = arrays[header["timeline"]["steps"]]
        assert steps.tolist() == Run.open(folder).steps.tolist() and len(steps) == count
        assert {panel["key"] for panel in header["panels"]} == PANELS[view]


# ---- the address ---------------------------------------------------------------------------------


def test_view_head_pair_and_what_is_typed_come_from_the_address_and_go_into_it() -> None:
    asked = {"run": "heads", "text": "the fox", "head": "1.0", "pair": "4.2"}
    app = attention("One weight", **asked)
    assert panels(app)["head"]["title"].startswith("Layer 1, head 0")
    assert panels(app)["pair"]["title"].startswith("Query 'f' at 4 · key 'e' at 2,")
    assert app.query_params == asked | {"attention.view": "One weight"}


def test_a_query_without_a_key_reads_the_one_before_in_another_browser_too() -> None:
    app = attention("One weight", run="heads", text="the fox", pair="4")
    assert panels(app)["pair"]["title"].startswith("Query 'f' at 4 · key '␣' at 3,")
    assert app.query_params["pair"] == "4"


@pytest.mark.parametrize(
    ("view", "asked"),
    [
        ("Roles", {"off": "0.3", "instead": "its mean output", "measured": "your sentence"}),
        ("Next token", {"written": "7", "temperature": "0.4", "topk": "3"}),
        ("Two sentences", {"second": "over fox"}),
    ],
)
def test_what_a_view_asks_for_is_in_the_address(view: str, asked: dict[str, str]) -> None:
    first = attention(view, run="heads", text="the fox", **asked)
    assert named("attention", asked).items() <= first.query_params.items()
    again = opened("attention", **first.query_params)
    assert again.query_params == first.query_params
    assert panels(again) == panels(first)


def test_no_head_switched_off_is_in_the_address_too() -> None:
    app = attention("Roles", run="heads", text="the fox")
    app.multiselect(key="attention.off").set_value([]).run()
    assert app.query_params["attention.off"] == ""
    again = opened("attention", **app.query_params)
    assert again.multiselect(key="attention.off").value == []


ODD = {
    "view": "nonsense", "head": "9.-9", "pair": "x.999999999", "off": "99.-1.x", "written": "1e9",
    "temperature": "nan", "topk": "-3", "seed": "x", "measured": "x", "instead": "",
    "from": "-1",
}  # fmt: skip


def test_odd_values_in_the_address_count_as_not_said() -> None:
    app = opened("attention", **named("attention", {"run": "heads", "text": "the fox"} | ODD))
    for view in VIEWS:
        assert panels(switch(app, view)).keys() == PANELS[view]
    assert words(app) == []
    switch(app, "Next token")
    names = ("written", "temperature", "topk")
    shown = [app.number_input(key=f"attention.{name}").value for name in names]
    assert shown == [20, 1.0, 0]
    assert switch(app, "Roles").multiselect(key="attention.off").value == []
    assert app.query_params.keys() == {"run", "text", "head", "attention.view", "attention.off"}


def test_a_second_sentence_is_read_without_what_is_unknown() -> None:
    app = attention("Two sentences", second="fôx")
    assert panels(app)["second-text"]["labels"] == ["f", "x"]
    assert any("f<s>ô</s>x" in one.proto.body for one in app.get("html"))


def test_choices_stay_while_other_views_and_pages_are_looked_at() -> None:
    app = attention("Next token", run="heads", text="the fox")
    app.number_input(key="attention.temperature").set_value(0.5).run()
    switch(app, "Roles").multiselect(key="attention.off").set_value([1, 2]).run()
    switch(app, "Two sentences").text_input(key="attention.second").set_value("fox").run()
    go_to(app, "tables")
    go_to(app, "attention")
    assert app.segmented_control(key="attention.view").value == "Two sentences"
    assert app.text_input(key="attention.second").value == "fox"
    assert switch(app, "Roles").multiselect(key="attention.off").value == [1, 2]
    assert switch(app, "Next token").number_input(key="attention.temperature").value == 0.5


# ---- what is chosen ------------------------------------------------------------------------------


def test_the_place_is_at_first_the_last_query_and_the_key_before(state: dict[str, Any]) -> None:
    moment = moment_of(SHIPPED)
    assert focus_of(moment, read("the fox")) == Focus(0, 0, 6, 5)
    assert focus_of(moment, read("t")) == Focus(0, 0, 0, 0)


def test_a_place_is_moved_into_a_shorter_sentence_and_comes_back(state: dict[str, Any]) -> None:
    session.choose(query=30, key=12, head=(1, 0))
    moment = moment_of(SHIPPED)
    assert focus_of(moment, read("the fox")) == Focus(1, 0, 6, 6)
    assert focus_of(moment, read(FOX)) == Focus(1, 0, 30, 12)


# ---- text written token by token -----------------------------------------------------------------


def written(app: AppTest) -> list[str]:
    text = panels(app)["written"]
    return [text["labels"][place] for place in text["written"]]


def test_one_more_adds_a_token_and_keeps_the_others() -> None:
    app = attention("Next token", step="26")
    for count in (21, 22):
        before = written(app)
        after = written(press(app, "One more"))
        assert len(after) == count and after[:-1] == before
        assert app.number_input(key="attention.written").value == count
        assert len(app.dataframe[0].value) == count


def test_draw_again_draws_another_text_and_the_address_brings_it_back() -> None:
    app = attention("Next token", step="0")
    texts = [written(app), written(press(app, "Draw again")), written(press(app, "Draw again"))]
    assert len(set(map(tuple, texts))) == 3
    assert {len(text) for text in texts} == {20}
    assert written(opened("attention", **app.query_params)) == texts[-1]


def test_no_more_than_the_most_is_written() -> None:
    app = attention("Next token", text="the", written="200")
    assert len(written(press(app, "One more"))) == 200


def test_the_likeliest_is_what_plain_torch_finds_likeliest() -> None:
    app = attention("Next token", text="Quick", written="3", temperature="0")
    ids, model = SHIPPED.tokenizer.encode("Quick"), SHIPPED.model_at(1000)
    for _ in range(3):
        with torch.inference_mode():
            ids.append(int(model(torch.tensor([ids]))[0][0, -1].argmax()))
    assert "".join(written(app)).replace("␣", " ") == SHIPPED.tokenizer.decode(ids[5:])


# ---- roles and what is lost without a head -------------------------------------------------------


@pytest.fixture
def grown(state: dict[str, Any], induction: Run) -> Moment:
    """A run whose heads have taken roles."""
    return moment_of(induction)


def largest(moment: Moment) -> tuple[np.ndarray, np.ndarray]:
    """Of every head at every step its highest score and which it is: (S, L, H) each."""
    scores = heads.head_scores(moment)
    return scores.max(-1), scores.argmax(-1)


def test_named_is_the_highest_score_or_nobody(grown: Moment) -> None:
    found, (height, which) = heads.named(grown, grown.steps).numbers, largest(grown)
    assert found.dtype == np.uint8
    assert ((found == NO_ROLE) == (height < THRESHOLD)).all()
    assert (found == which)[height >= THRESHOLD].all()
    assert (found[0] == NO_ROLE).all(), "an untrained head has no role"
    first, second = ({MEASURES[role] for role in layer if role != NO_ROLE} for layer in found[-1])
    assert "previous token" in first and "induction" in second


def test_a_tick_stands_where_a_head_takes_the_role_it_keeps(grown: Moment) -> None:
    found = heads.named(grown, grown.steps).numbers
    told = {tick.step: tick.label for tick in marks.ticked(grown).timeline.ticks}
    named = [(int(layer), int(head)) for layer, head in np.argwhere(found[-1] != NO_ROLE)]
    for layer, head in named:
        role = found[-1, layer, head]
        words = f"layer {layer} head {head}: {MEASURES[role]}"
        (step,) = (step for step, label in told.items() if words in label)
        at = grown.steps.tolist().index(step)
        assert (found[at:, layer, head] == role).all()
        assert found[at - 1, layer, head] != role
    formed = [label for label in told.values() if label.startswith("layer")]
    assert sum(label.count("layer") for label in formed) == len(named)


def test_ticks_of_roles_join_those_of_the_run_in_order_of_time(grown: Moment) -> None:
    ticks = marks.ticked(grown).timeline.ticks
    assert set(grown.timeline.ticks) < set(ticks)
    steps = [tick.step for tick in ticks]
    assert steps == sorted(steps)


def loss_without(run: Run, *heads: tuple[int, int]) -> float:
    """On the validation windows, in nats per token: their columns of the projection are zero."""
    model = run.model_at(int(run.steps[-1]))
    size = run.model_config.n_embd // run.model_config.n_head
    for layer, head in heads:
        weight = model.get_parameter(f"blocks.{layer}.sa.proj.weight")
        with torch.no_grad():
            weight[:, head * size : (head + 1) * size] = 0
    with torch.inference_mode():
        return model(*run.validation_windows())[1].item()


def test_the_caption_tells_the_loss_without_the_heads_switched_off(made: Path) -> None:
    run = Run.open(made / "heads")
    app = attention("Roles", run="heads", text="the fox", head="1.0")
    whole = loss_without(run)
    heads = {0: (0, 0), 1: (0, 1), 2: (1, 0), 3: (1, 1)}
    for off in ([2], [0, 3], []):
        app.multiselect(key="attention.off").set_value(off).run()
        names = ", ".join("layer {} head {}".format(*heads[one]) for one in off)
        what = f"without {names}" if off else "with none switched off"
        without = loss_without(run, *(heads[one] for one in off))
        assert captions(app).startswith(
            f"At step 30, validation loss **{whole:.4f}** nats per token with all heads, "
            f"**{without:.4f}** {what} ({without - whole:+.4f})."
        )


def click_head(app: AppTest, head: tuple[int, int]) -> None:
    """Choose a head as a click does."""
    visit: Visit = app.session_state["visit"]
    visit.chosen = replace(visit.chosen, head=head)


def test_at_first_the_chosen_head_is_switched_off() -> None:
    app = attention("Roles", run="heads", text="the fox", head="1.0")
    assert app.multiselect(key="attention.off").value == [2]
    assert "without layer 1 head 0 " in captions(app)
    click_head(app, (0, 1))
    app.run()
    assert app.multiselect(key="attention.off").value == [1]
    app.multiselect(key="attention.off").set_value([3]).run()
    click_head(app, (0, 0))
    app.run()
    assert app.multiselect(key="attention.off").value == [3], "what somebody chose stays"


def test_the_table_of_heads_has_the_scores_of_the_settled_step() -> None:
    shown = attention("Roles", step="500").dataframe[0].value
    step = int(SHIPPED.steps[np.abs(SHIPPED.steps - 500).argmin()])
    probes = probe_ids(27, 41)
    weights = read_weights(SHIPPED.model_at(step), probes)["weights"].numpy()
    scores = probe_scores(weights, probes)[:, 0]  # a head a layer
    np.testing.assert_allclose(shown[list(MEASURES)].to_numpy(float), scores, atol=1e-6)
    best = [MEASURES[row.argmax()] if row.max() >= THRESHOLD else "" for row in scores]
    assert shown["role"].tolist() == best


# ---- one weight ----------------------------------------------------------------------------------


def numbers_told(app: AppTest) -> list[str]:
    texts = panels(app)["arithmetic"]["texts"]
    return [line.rsplit(maxsplit=1)[1] for line in texts[-1].splitlines() if line]


def test_the_arithmetic_of_one_weight_is_that_of_plain_torch() -> None:
    app = attention("One weight", text="the fox", pair="6.2", head="0.0")
    ids, model = SHIPPED.tokenizer.encode("the fox"), SHIPPED.model_at(1000)
    with torch.inference_mode():
        block = model.get_submodule("blocks.0")
        inner = block.get_submodule("ln1")(model.embed(torch.tensor([ids])))
        query, key, value = block.get_submodule("sa.qkv")(inner)[0].chunk(3, -1)  # one head: (T, C)
        scores = query[6] @ key.T / math.sqrt(5)
        weight = scores.softmax(-1)[2].item()
        length = (block.get_submodule("sa.proj").weight @ value[2]).norm().item()
    score = scores[2].item()
    expected = [score * math.sqrt(5), score, None, weight, length, weight * length]
    told = numbers_told(app)
    assert told[2] == "allowed"
    assert [float(told[n]) for n in (0, 1, 3, 4, 5)] == pytest.approx(
        [one for one in expected if one is not None], abs=6e-5
    )
    table = app.dataframe[0].value
    np.testing.assert_allclose(table["product"], query[6] * key[2], rtol=1e-4, atol=1e-6)


def test_a_weight_of_the_future_is_none() -> None:
    told = numbers_told(attention("One weight", text="the fox", pair="2.6"))
    assert (told[2], told[3], told[5]) == ("future", "–", "–")


def test_a_new_sentence_reads_one_step_and_no_probe_again(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = attention("All heads", run="heads", text="the fox")
    app.run()
    read: list[tuple[tuple[int, ...], int]] = []  # shapes of ids, and how many steps

    def counted(shape: Any, weights: Any, sight: Any, ids: torch.Tensor) -> Any:
        read.append((tuple(ids.shape), len(next(iter(weights.values())))))
        return see(shape, weights, sight, ids)

    see = history._see
    monkeypatch.setattr(history, "_see", counted)
    app.text_input(key="text").set_value("the lazy fox"[:8]).run()
    assert read == [((8,), 1)]
    app.run()
    steps = len(Run.open(made / "heads").steps)
    assert read[1:] == [((8,), steps - 1)]


# ---- two sentences -------------------------------------------------------------------------------

SHARED = {
    "the chosen token": ("fox", 1, "dog", (1, 1)),
    "its first place there": ("fox", 1, "brown oo", (1, 2)),
    "the first that both have": ("fox", 0, "dog", (1, 1)),
    "the chosen before the first": ("dog fox", 6, "xd", (6, 0)),
    "none": ("fox", 1, "lazy", (1, 3)),
}


@pytest.mark.parametrize(("first", "query", "second", "shared"), SHARED.values(), ids=SHARED)
def test_the_token_compared_is_the_chosen_one_where_both_have_it(
    state: dict[str, Any], first: str, query: int, second: str, shared: tuple[int, int]
) -> None:
    places = sentences._places(read(first), read(second), Focus(0, 0, query, 0))
    assert tuple(place.query for place in places) == shared


def test_a_token_chosen_in_the_second_sentence_is_the_one_compared(state: dict[str, Any]) -> None:
    session.choose(second_query=9)
    places = sentences._places(read("fox"), read("dog"), Focus(0, 0, 1, 0))
    assert [place.query for place in places] == [1, 2]


def test_a_click_in_the_first_stays_where_the_second_lacks_the_token(state: dict[str, Any]) -> None:
    session.choose(query=0)
    places = sentences._places(read("fox"), read("dog"), Focus(0, 0, 0, 0))
    assert [place.query for place in places] == [0, 2]


def test_the_second_sentence_follows_the_first_until_somebody_types_one() -> None:
    app = attention("Two sentences", text="the lazy dog")
    second = app.text_input(key="attention.second")
    assert second.value == "dog lazy the"
    for typed, reversed_ in (("brown fox", "fox brown"), ("lazy fox over", "over fox lazy")):
        app.text_input(key="text").set_value(typed).run()
        assert app.text_input(key="attention.second").value == reversed_
    app.text_input(key="attention.second").set_value("the dog").run()
    for typed in ("brown fox", "lazy dog"):
        app.text_input(key="text").set_value(typed).run()
        assert app.text_input(key="attention.second").value == "the dog"
    assert app.query_params["attention.second"] == "the dog"


def test_a_single_word_is_turned_around_for_the_second_sentence() -> None:
    app = attention("Two sentences", text="lazy")
    assert app.text_input(key="attention.second").value == "yzal"


def test_a_second_sentence_longer_than_the_block_says_what_is_shown() -> None:
    app = attention("Two sentences", second="the lazy dog " * 5)
    said = "The second sentence has 65 tokens, the model reads 41 at a time: showing the first."
    assert words(app) == [said]
    assert len(panels(app)["second-text"]["labels"]) == 41
    app.text_input(key="attention.second").set_value("the lazy dog").run()
    assert words(app) == []


def statement(app: AppTest) -> str:
    (found,) = (text.value for text in app.markdown if text.value.startswith("**Static"))
    return re.sub(r"\\(.)", r"\1", found)


def test_what_is_looked_up_is_equal_and_what_is_computed_is_not() -> None:
    app = attention("Two sentences", text="the fox", second="fox the", pair="4.0")
    table = app.dataframe[0].value.set_index("site")["difference"]
    model = SHIPPED.model_at(1000)
    with torch.inference_mode():
        ids = [torch.tensor([SHIPPED.tokenizer.encode(text)]) for text in ("the fox", "fox the")]
        given = [model(one)[0][0, at].softmax(-1) for one, at in zip(ids, (4, 0), strict=True)]
    assert table["token row"] == 0
    apart = (given[0] - given[1]).abs().max().item()
    assert table["next-token probabilities"] == pytest.approx(apart, abs=1e-6)
    assert statement(app) == (
        "**Static or computed?** 'f' at 4 of the first sentence and 'f' at 0 of the second: their "
        "rows of the token table are looked up and **0** apart. What the model of step 1,000 "
        f"makes of them after its last block is computed: **{table['after block 1']:.3g}** apart."
    )


def test_sentences_without_a_common_token_say_so_and_are_both_drawn() -> None:
    app = attention("Two sentences", text="fox", second="lazy")
    assert words(app) == [
        "Two different tokens are compared: choose a token that occurs in both sentences."
    ]
    assert panels(app).keys() == PANELS["Two sentences"]


def contents_told(app: AppTest) -> str:
    (found,) = (text.value for text in app.markdown if text.value.startswith("**What the snap"))
    return found


def test_the_list_of_a_snapshot_is_that_of_the_file() -> None:
    app = attention("Two sentences", step="26")
    shown = app.dataframe[1].value
    with safe_open(SHIPPED.path / "snapshots" / "00000026.safetensors", "np") as file:
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert sorted(shown["name"]) == sorted(stored)
    shapes = {name: " × ".join(map(str, tensor.shape)) for name, tensor in stored.items()}
    assert dict(zip(shown["name"], shown["shape"], strict=True)) == shapes
    assert contents_told(app) == (
        f"**What the snapshot of step 26 contains**: {len(stored)} tensors, "
        "2 embedding tables, 0 with attention weights."
    )


def test_attention_in_a_snapshot_would_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def contents(_run: Run, _step: int) -> list[Stored]:
        names = ("token_embedding_table.weight", "blocks.0.sa.weights", "blocks.1.sa.scores")
        return [Stored(name, (2, 3), "float32", 24) for name in names]

    monkeypatch.setattr(Run, "contents", contents)
    told = contents_told(attention("Two sentences"))
    assert told.endswith("3 tensors, 1 embedding tables, 2 with attention weights.")
