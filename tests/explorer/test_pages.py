"""Every page in Streamlit's own test harness: bad input is one sentence, state is kept."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from html import unescape
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from explorer.data.presets import planned
from explorer.player.clock import ClockState
from explorer.views.attention import page as attention_page
from explorer.views.normalization import page as normalization_page
from explorer.views.overview import page as overview_page
from explorer.views.stories import STORIES, Story
from explorer.views.tables import page as tables_page
from explorer.views.train import form
from explorer.visit import clock, queue
from explorer.visit.runs import run_path
from explorer.visit.sentence import sentence as sentence_of
from model_core.labels import token_label
from model_core.runs import Run, list_runs
from model_core.runs.status import State, Status, read_status, write_status
from model_core.training import jobs, room
from model_core.training.presets import PRESETS
from model_core.training.turns import only_trainer
from tests.support.pages import (
    DASHBOARD,
    SHIPPED,
    captions,
    component_data,
    go_to,
    opened,
    panels,
    press,
    succeeded,
    visitor,
    words,
)
from tests.support.runs import new_run, recorded_run
from tests.support.waiting import wait_until

SPACE = token_label(" ")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty runs folder of its own; whatever was started in it is stopped at the end."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("DRIFTSCOPE_RUNS", str(folder))
    monkeypatch.setenv("DRIFTSCOPE_TRAINERS", "2")
    yield folder
    for name in jobs.active(folder):
        jobs.stop(folder / name)
    wait_until(lambda: not jobs.active(folder))


@pytest.fixture
def app(runs: Path) -> AppTest:
    """The dashboard on its first page, nothing trained yet."""
    return opened()


def read(app: AppTest) -> list[str]:
    """What the page says of a sentence of which not all is read."""
    return [one.proto.body for one in app.get("html") if 'class="read"' in one.proto.body]


def sheets(app: AppTest) -> set[str]:
    """The style sheets that the page has, by the names of their files."""
    sent = [one.proto.body for one in app.get("html") if one.proto.body.startswith("<style>")]
    files = (Path(DASHBOARD).parent / "styles").glob("*.css")
    return {file.stem for file in files if any(file.read_text() in one for one in sent)}


def test_a_page_has_the_style_sheets_of_what_it_shows(app: AppTest, runs: Path) -> None:
    always = {"frame", "pages", "train"}
    assert sheets(app) == always
    assert sheets(first_visit()) == always | {"stories"}
    assert sheets(opened(lesson="01-token-table.1")) == always | {"lesson"}


def test_the_shipped_run_is_whole_small_and_learned_its_sentence() -> None:
    files = [path for path in SHIPPED.path.rglob("*") if path.is_file()]
    recorded = [path for path in files if path.parent.name != "projections"]
    assert sum(path.stat().st_size for path in recorded) <= 1.35e6  # its two maps have 0.14e6
    assert SHIPPED.damaged == []
    assert SHIPPED.metrics()["train_loss"].iloc[-1] < 0.1
    assert SHIPPED.metrics()["sample"].iloc[-1].startswith("Quick brown fox jumped over the lazy")
    assert SHIPPED.token_embeddings().shape[1:] == (27, 5)
    assert SHIPPED.position_embeddings().shape[1:] == (41, 5)


def test_the_first_visit_shows_the_shipped_run_and_its_sentence(app: AppTest) -> None:
    assert app.selectbox(key="run").value == "quick-brown-fox"
    assert app.text_input(key="text").value == "Quick brown fox jumped over the lazy dog."
    assert words(app) == []


ENGLISH = (
    "The quick zebra jumps over a lazy fox?",
    "Alice was beginning to get very tired of sitting.",
    "Only 42 of the 1,337 steps are shown: \u201cwhy?\u201d",
    "Caf\u00e9 cr\u00e8me, na\u00efve \U0001f98a & <b>bold</b> \u4f60\u597d fox",
    "S?!q",
)
VIEWS = {
    "overview": overview_page.VIEWS,
    "train": (),
    "tables": tables_page.VIEWS,
    "drift": (),
    "attention": attention_page.VIEWS,
    "normalization": normalization_page.VIEWS,
}


@pytest.mark.parametrize("page", VIEWS)
def test_no_english_sentence_is_refused_and_no_page_is_blank(runs: Path, page: str) -> None:
    """All are typed on a page, two of them on each of its views."""
    app = opened(page, text=ENGLISH[0])
    typed = cycle((*ENGLISH, "", "Q?"))
    for view in VIEWS[page] or [""]:
        if view:
            succeeded(app.segmented_control[0].set_value(view).run())
        for text in islice(typed, 2 if view else 7):
            succeeded(app.text_input(key="text").set_value(text).run())
            assert panels(app), (page, view, text)
            assert len(read(app)) == 1, (page, view, text)


@pytest.mark.parametrize("text", ENGLISH[:4])
def test_what_is_struck_through_is_just_what_the_vocabulary_lacks(app: AppTest, text: str) -> None:
    app.text_input(key="text").set_value(text).run()
    (said,) = read(app)
    (strip,) = re.findall('<div class="read"><bdi>(.*?)</bdi>', said)
    assert unescape(re.sub("</?s>", "", strip)).replace(SPACE, " ") == text
    left = [(character, character in SHIPPED.tokenizer.tokens) for character in text]
    struck = "".join(unescape(part) for part in re.findall("<s>(.*?)</s>", strip))
    assert struck == "".join(character for character, known in left if not known)
    assert "not among the 27 tokens that this model knows" in said
    assert words(app) == []


def test_a_text_of_which_nothing_is_known_gives_way_to_the_example(app: AppTest) -> None:
    for text, why in (("\u4f60\u597d", "knows none of it"), ("", "No sentence is typed")):
        app.text_input(key="text").set_value(text).run()
        (said,) = read(app)
        assert why in said and "Quick" in said and said.count("<s>") == bool(text)


def test_unknown_words_are_left_out_without_harm_to_others(runs: Path) -> None:
    run = recorded_run(runs / "words", tokenizer="word", block_size=3)
    read = sentence_of(run, "he jumped over the-lazy dog")
    assert read.labels == ("␣jumped", "␣over", "␣the")  # three tokens at a time: " dog" comes later
    assert [piece for piece, known in read.typed if not known] == ["he", "-", "lazy"]
    assert read.unread == {0: "he", 3: "-lazy"}  # each before the token at this position
    assert sentence_of(run, "he jumped over the-lazy dog", start=1).unread == {2: "-lazy"}


def test_no_character_is_cut_where_tokens_are_bytes(runs: Path) -> None:
    """In what is proposed to type: windows of 8 bytes, of characters of 2."""
    text = "שלום עולם " * 20
    recorded_run(runs / "bytes", text, tokenizer="bpe", vocab_size=256)
    offered = {
        "attention.second": opened("attention", run="bytes", **{"attention.view": "Two sentences"}),
        "normalization.leak.other": opened(
            "normalization", run="bytes", **{"normalization.lab": "Why not batch norm"}
        ),
    }
    for key, app in offered.items():
        value = app.text_input(key=key).value
        assert value and set(value) <= set(text), ascii(value)
        assert words(app) == []
    assert offered["attention.second"].text_input(key="attention.second").value == "םולש"


def test_a_run_without_its_text_opens_all_the_same(runs: Path) -> None:
    (recorded_run(runs / "bare", block_size=41).path / "text.txt").unlink()
    assert words(opened(run="bare")) == []


def test_an_own_run_named_as_the_shipped_one_is_seen(runs: Path) -> None:
    recorded_run(runs / SHIPPED.name)
    assert run_path(SHIPPED.name) == runs / SHIPPED.name


def test_a_sentence_longer_than_the_block_says_what_is_shown(app: AppTest) -> None:
    app.text_input(key="text").set_value("the lazy dog " * 5).run()
    assert captions(app).startswith(
        "The sentence has 65 tokens, the model reads 41 at a time: showing tokens 0 to 40."
    )
    app.slider(key="from").set_value(24).run()
    assert "showing tokens 24 to 64." in captions(app)
    app.text_input(key="text").set_value("the lazy dog " * 4).run()  # 52 tokens: the place moves
    assert app.slider(key="from").value == 11
    assert "showing tokens 11 to 51." in captions(app)
    app.text_input(key="text").set_value("the lazy dog").run()
    assert "showing tokens" not in captions(app) and not app.slider


def test_an_unknown_run_in_the_address_is_said_and_the_first_is_shown(runs: Path) -> None:
    app = opened(run="../../etc")
    assert words(app) == ["There is no run named '../../etc'; this is english."]
    assert app.selectbox(key="run").value == "english"


def test_the_example_goes_with_its_run_and_a_typed_sentence_stays(runs: Path) -> None:
    recorded_run(runs / "letters", block_size=20)
    app = opened()
    app.selectbox(key="run").set_value("letters").run()
    app.text_input(key="text").set_value("over").run()
    app.selectbox(key="run").set_value("quick-brown-fox").run()
    assert app.text_input(key="text").value == "over"


def test_ones_own_run_stands_above_the_form_of_train_and_a_shipped_one_below(runs: Path) -> None:
    recorded_run(runs / "letters")
    for run, above in (("letters", True), ("english", False)):
        nodes = list(opened("train", run=run).main)
        (form,) = (
            at
            for at, one in enumerate(nodes)
            if (one.type, getattr(one, "label", "")) == ("button", "Train")
        )
        words = [str(getattr(one, "value", "")) for one in nodes]
        (standing,) = (at for at, said in enumerate(words) if said.startswith(f"{run}\\: "))
        assert (standing < form) == above


def test_a_run_without_a_whole_step_says_what_to_do(runs: Path) -> None:
    folder = recorded_run(runs / "hurt").path
    for snapshot in folder.glob("snapshots/*"):
        snapshot.write_bytes(b"torn")
    damaged, what_to_do = words(opened(run="hurt"))
    assert damaged == "Damaged snapshots are left out: step 0, 1, 2, 5, 8 and 4 more."
    assert what_to_do == "run hurt has no whole recorded step; resume it on the Train page"


@pytest.mark.parametrize("page", ["train", "drift"])
def test_why_a_training_failed_before_its_first_step_is_said(runs: Path, page: str) -> None:
    path = new_run(runs / "full")
    write_status(path, Status("failed", words="No space left on device"))
    assert "No space left on device" in words(opened(page, run="full"))


@pytest.mark.parametrize(
    ("state", "label"),
    [
        ("queued", "Stop"),
        ("running", "Pause"),
        ("running", "Stop"),
        ("paused", "Train one step"),
        ("paused", "Resume"),
        ("paused", "Stop"),
        ("stopped", "Resume"),
    ],
)
def test_a_button_of_a_run_that_cannot_be_written_says_so_until_it_can(
    runs: Path, state: State, label: str
) -> None:
    path = new_run(runs / "fox")
    (path / "request").mkdir()  # as on a full or read-only disk, it cannot be replaced by a file
    write_status(path, Status(state))
    said = "The runs folder cannot be written: Is a directory. Check the runs folder and its disk."
    with only_trainer(path) if state != "stopped" else ExitStack():
        app = opened("train", run="fox")
        for _ in range(2):
            assert said in words(press(app, label))
        assert said in words(app.run())
        (path / "request").rmdir()
        assert said not in words(press(app, label))
        assert (path / "request").is_file()
        write_status(path, Status("stopped"))  # a queued one counts as starting for 20 seconds


def test_a_run_deleted_while_open_is_said(runs: Path) -> None:
    import shutil

    recorded_run(runs / "gone")
    app = opened(run="gone")
    shutil.rmtree(runs / "gone")
    app.run()
    assert not app.exception
    assert words(app) == ["There is no run named 'gone'; this is english."]


def trained(app: AppTest, fill: Callable[[AppTest], object] = lambda _: None) -> AppTest:
    """The Train page after its button was pressed, with some fields filled in before."""
    go_to(app, "train")
    fill(app)
    succeeded(app.run())
    return press(app, "Train")


def field(app: AppTest, label: str) -> Any:
    kinds = [*app.text_input, *app.number_input, *app.text_area, *app.selectbox]
    kinds += [*app.slider, *app.select_slider]
    return next(element for element in kinds if element.label.startswith(label))


BAD = {
    "heads": ("Heads per layer", 0, "n_head must be"),
    "rate": ("Learning rate", "1,5", "learning_rate"),
    "no batch": ("Batch size", 0, "batch_size"),
    "path": ("Name of the new run", "../../x", "run name '../../x'"),
    "taken": ("Name of the new run", "quick-brown-fox", "exists already"),
    "long block": ("Block size", 9999, "block_size"),
}


@pytest.mark.parametrize(("label", "value", "said"), BAD.values(), ids=BAD)
def test_what_cannot_be_trained_is_one_sentence_and_nothing_is_lost(
    app: AppTest, runs: Path, label: str, value: object, said: str
) -> None:
    go_to(app, "train")
    field(app, label).set_value(value).run()
    assert [said in words for words in words(app)] == [True]
    assert field(app, label).value == value
    (button,) = (button for button in app.button if button.label == "Train")
    assert button.disabled
    assert list_runs(runs) == []


def test_what_memory_cannot_hold_is_refused_with_what_would_fit(
    app: AppTest, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = room.PROCESS // 2**20  # MB, as torch was built
    monkeypatch.setattr(room, "free_memory", lambda: (began + 10) * 2**20)
    go_to(app, "train")
    assert any(f"{began + 1} MB of memory, 1 MB of disk" in text(one) for one in app.caption)
    field(app, "Batch size").set_value(65_536).run()
    said = f"{began + 10} MB are free: batch_size="
    assert [said in words for words in words(app)] == [True]
    assert list_runs(runs) == []


def test_only_the_button_trains(app: AppTest, runs: Path) -> None:
    """Enter in a field is a rerun, and no button of a form that it would press."""
    go_to(app, "train")
    field(app, "Name of the new run").set_value("mine").run()
    field(app, "Steps").set_value(50).run()
    assert list_runs(runs) == []
    (button,) = (button for button in app.button if button.label == "Train")
    assert not button.proto.is_form_submitter


def test_training_starts_a_process_and_looks_at_its_run(app: AppTest, runs: Path) -> None:
    trained(app, lambda page: field(page, "Steps").set_value(50))
    assert app.selectbox(key="run").value == "quick-brown-fox-2"
    assert app.query_params["run"] == "quick-brown-fox-2"  # before its first step, too
    wait_until(lambda: read_status(runs / "quick-brown-fox-2").state == "finished")
    assert Run.open(runs / "quick-brown-fox-2").steps[-1] == 50


def test_a_double_click_starts_one_run(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its second press is followed by a second script, in a thread beside the first."""
    visitor(monkeypatch)
    monkeypatch.setattr(form.st, "rerun", lambda: None)
    made = planned("quick-brown-fox", (("steps", 50),))
    with ThreadPoolExecutor(2) as both:
        presses = [both.submit(form._start, name, made, 0) for name in ("first", "second")]
        for press in presses:
            press.result()
    assert len(list_runs(runs)) == 1


TRAINERS: tuple[tuple[str, State, float], ...] = (
    ("a", "running", 1.0),
    ("b", "running", 2.0),
    ("c", "queued", 3.0),
)


def test_who_waits_is_told_its_place_and_who_trains(app: AppTest, runs: Path) -> None:
    for name, state, queued_at in TRAINERS:
        new_run(runs / name)
        status = Status(state, steps=100, seconds_left=125.0, queued_at=queued_at)
        write_status(runs / name, status)
    with ExitStack() as held:
        for name in "abc":
            held.enter_context(only_trainer(runs / name))
        now = "a trains now, about 2 min left, b trains now, about 2 min left"
        assert queue.waits(Run.open(runs / "c")) == f"1st in the queue; {now}"
        assert queue.would_wait() == f"would be 2nd in the queue; {now}"
        waiting = opened("train", run="c")
        assert any(
            "c: queued, step 0 of 100 · 1st in the queue" in text(one) for one in waiting.markdown
        )
        assert words(waiting)[0].endswith(f"; 1st in the queue; {now}")
        assert "would be 2nd in the queue" in " ".join(map(text, waiting.caption))
    assert queue.would_wait() == "starts at once"  # who died does not count
    write_status(runs / "c", Status("stopped"))


def text(element: Any) -> str:
    return re.sub(r"\\(.)", r"\1", element.value)


def test_an_own_text_gets_sizes_that_fit_and_is_trained(app: AppTest, runs: Path) -> None:
    go_to(app, "train")
    press(app, "your own text")
    assert not [button for button in app.button if button.label == "Train"]
    for typed, said in (("a", "at least 2"), ("hello hello!", "learn the text by heart")):
        field(app, "Paste a text").set_value(typed).run()
        assert said in " ".join([*words(app), *map(text, app.caption)])
    assert (field(app, "Layers").value, field(app, "Channels").value) == (2, 16)
    assert field(app, "Block size").value == 11
    trained(app, lambda page: field(page, "Steps").set_value(50))
    made = Run.open(runs / "own-text")
    assert made.text == "hello hello!" and made.model_config.vocab_size == 6


def test_every_preset_has_a_card_with_a_picture_and_a_time(app: AppTest) -> None:
    go_to(app, "train")
    cards = [one.proto.body for one in app.get("html") if 'class="card"' in one.proto.body]
    assert len(cards) == len(PRESETS) + 1
    assert all("<img" in card or "<pre>" in card for card in cards)
    fox = cards[list(PRESETS).index("quick-brown-fox")]
    losses = SHIPPED.metrics()["train_loss"]
    assert (
        f'alt="loss of the run quick-brown-fox, {losses.iloc[0]:.2f} to {losses.iloc[-1]:.2f}"'
        in fox
    )
    times = [one.value for one in app.caption if one.value.startswith("about")]
    assert len(times) == len(PRESETS)
    press(app, "induction")
    assert field(app, "Channels").value == PRESETS["induction"].model["n_embd"]
    assert app.query_params["train.preset"] == "induction"


def test_a_learning_rate_of_a_million_diverges_in_words(app: AppTest, runs: Path) -> None:
    trained(app, lambda page: field(page, "Learning rate").set_value("1e6"))
    wait_until(lambda: read_status(runs / "quick-brown-fox-2").state == "diverged")
    app.run()
    assert any("quick-brown-fox-2: diverged" in text(one) for one in app.markdown)


# ---- the stories ---------------------------------------------------------------------------------


def first_visit() -> AppTest:
    return succeeded(AppTest.from_file(str(DASHBOARD), default_timeout=60).run())


def titles(app: AppTest) -> list[str]:
    return [button.label for button in app.button if button.label.startswith("See ")]


def test_the_first_visit_opens_the_visible_run_under_three_cards(runs: Path) -> None:
    app = first_visit()
    assert app.selectbox(key="run").value == "english"
    assert titles(app) == [story.title for story in STORIES]
    assert component_data(app)["plays"] == 0
    press(app, "Close")
    assert titles(app) == []
    press(app, "Stories")
    assert len(titles(app)) == 3
    assert titles(opened(run="english")) == []


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.page)
def test_a_card_leads_where_its_address_does_and_plays(runs: Path, story: Story) -> None:
    told = press(first_visit(), story.title)
    told = go_to(told, story.page)
    addressed = opened(story.page, play="1", **story.address)
    for app in (told, addressed):
        assert component_data(app)["plays"] == 1 and component_data(app)["step"] == 0
        assert titles(app) == []
        assert "play" not in app.query_params
    assert dict(told.query_params) == dict(addressed.query_params)


# ---- addresses that ask for what there is not ----------------------------------------------------


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"step": "12"}, "Step 12 was not recorded; this is step 11."),
        ({"token": "999"}, "There is no token 999: ids end at 26."),
        ({"head": "9.1"}, "There is no head 9.1: this model has 2 layers of 1; this is head 0.0."),
        ({"step": "soon"}, "step=soon is not known here and was left out."),
        ({"attention.view": "Tails"}, "attention.view=Tails is not known here and was left out."),
    ],
)
def test_a_stale_address_falls_back_with_a_note(query: dict[str, str], said: str) -> None:
    app = opened("attention", **query)
    notes = captions(app).replace("\\", "")
    assert said in notes and notes.count("left out") == said.count("left out")


def test_an_address_that_is_understood_says_nothing() -> None:
    app = opened("attention", step="11", token="3", head="1.0", **{"attention.view": "Roles"})
    assert "left out" not in captions(app) and "There is no" not in captions(app)


def test_a_step_settled_on_is_not_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    app, real = opened("attention", step="11"), clock.step_clock
    for step in (0, 1000):

        def settled(*given: Any, at: int = step, **more: Any) -> ClockState:
            return replace(real(*given, **more), step=at)

        monkeypatch.setattr(clock, "step_clock", settled)
        succeeded(app.run())
        assert app.query_params["step"] == str(step)
        assert "was not recorded" not in captions(app)


def test_a_note_on_the_address_goes_with_its_page() -> None:
    app = opened("attention", **{"attention.view": "Tails"})
    assert "left out" not in captions(go_to(app, "tables"))


def test_a_snapshot_damaged_while_a_page_is_drawn_is_left_out(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the steps were listed, before the tables were read."""
    run = recorded_run(runs / "hurt")
    steps, last = run.steps, max(run.path.glob("snapshots/*"))
    draw = tables_page.draw

    def damaging(*arguments: Any) -> None:
        if last.stat().st_size:
            last.write_bytes(b"")
        draw(*arguments)

    monkeypatch.setattr(tables_page, "draw", damaging)
    app = opened("tables", run="hurt")
    assert words(app) == [f"Damaged snapshots are left out: step {steps[-1]}."]
    assert component_data(app)["step"] == steps[-2]
