"""Links: thirty are followed and their numbers computed again, ten ask for what there is not."""

from collections.abc import Callable
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from explorer.recorded.recipes import RECORDED
from model_core.attention import attend
from model_core.labels import token_label
from model_core.runs import Run
from tests.support.browser.app import heat
from tests.support.browser.driver import ClockDriver, Server, Visit

FOX, WORDS = (Run.open(RECORDED / name) for name in ("quick-brown-fox", "induction"))


def table(page: Page, run: Run, at: int, asked: dict[str, str]) -> None:
    """The whole token table."""
    np.testing.assert_allclose(
        np.array(heat(page, "tokens"), float), run.token_embeddings()[at], rtol=1e-6
    )


def one_vector(page: Page, run: Run, at: int, asked: dict[str, str]) -> None:
    """How far the token came in all."""
    rows, token = run.token_embeddings().astype(np.float64), int(asked["token"])
    moved = np.linalg.norm(rows[-1, token] - rows[0, token])
    name = run.tokenizer.tokens[token]
    expect(page.get_by_role("heading", name=f"'{name}' has moved {moved:.3g} from")).to_be_visible()


def near(page: Page, run: Run, at: int, asked: dict[str, str]) -> None:
    """The three tokens whose rows have the largest cosine with the chosen one's, and it."""
    rows, token = run.token_embeddings()[at].astype(np.float64), int(asked["token"])
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = unit @ unit[token]
    order = [one for one in np.argsort(-cosines) if one != token][:3]
    lines = page.locator("[data-panel=neighbours] .driftscope-body").inner_text().split("\n")[1:]
    for line, other in zip(lines, order, strict=False):
        label, cosine = line.split()[:2]
        assert label == token_label(run.tokenizer.tokens[other])
        assert float(cosine) == pytest.approx(cosines[other], abs=6e-4)


def weights(page: Page, run: Run, at: int, asked: dict[str, str]) -> None:
    """The chosen head's weights on the typed sentence."""
    ids = torch.tensor(run.tokenizer.encode(asked["text"]))
    layer, head = (int(one) for one in asked["head"].split("."))
    expected = attend(run.model_at(int(run.steps[at])), ids).weights[layer, head]
    shown = np.array(heat(page, "head"), np.float64)
    np.testing.assert_allclose(np.nan_to_num(shown), expected, rtol=0, atol=1e-5)
    expect(page.get_by_label("Sentence for the model to read")).to_have_value(asked["text"])


def guesses(page: Page, run: Run, at: int, asked: dict[str, str]) -> None:
    """How many next tokens of the sentence the model expects most."""
    ids = torch.tensor(run.tokenizer.encode(asked["text"]))
    with torch.no_grad():
        logits, _ = run.model_at(int(run.steps[at]))(ids[None])
    right = int((logits[0, :-1].argmax(-1) == ids[1:]).sum())
    said = f"guesses {right} of {len(ids) - 1} next tokens"
    expect(page.locator("[data-panel=machine]")).to_contain_text(said)


Read = Callable[[Page, Run, int, dict[str, str]], None]
VALUES, FOLLOW = {"tables.view": "Values"}, {"tables.view": "Follow one vector"}
HEADS = {"attention.view": "All heads"}
LINKS: list[tuple[str, Read, Run, int, dict[str, str]]] = [
    *(("", guesses, FOX, at, {"text": "the lazy dog"}) for at in (0, 40, -1)),
    *(("", guesses, WORDS, at, {"text": "Mia saw Mia"}) for at in (0, 4, -1)),
    *(("tables", table, FOX, at, VALUES) for at in (0, 17, -1)),
    *(("tables", table, WORDS, at, VALUES) for at in (3, -1)),
    *(("tables", one_vector, FOX, at, FOLLOW | {"token": t}) for at, t in ((0, "7"), (50, "26"))),
    *(("tables", one_vector, WORDS, at, FOLLOW | {"token": t}) for at, t in ((6, "40"), (-1, "5"))),
    *(("drift", near, FOX, at, {"token": t}) for at, t in ((0, "5"), (26, "5"), (-1, "12"))),
    *(("drift", near, WORDS, at, {"token": t}) for at, t in ((0, "33"), (4, "60"), (-1, "33"))),
    *(
        ("attention", weights, WORDS, at, HEADS | {"head": head, "text": text})
        for at, head in ((0, "0.0"), (3, "0.2"), (5, "1.1"), (-1, "1.3"))
        for text in ("Mia saw", "a dog. a dog")
    ),
    ("attention", weights, FOX, -1, HEADS | {"head": "1.0", "text": "fox"}),
]
STALE = [  # what is asked, what is said, and the step that is shown
    ("tables", {"step": "12"}, "Step 12 was not recorded; this is step 11.", 11),
    ("drift", {"step": "200"}, "Step 200 was not recorded; this is step {step}.", None),
    ("attention", {"step": "999999"}, "Step 999,999 was not recorded; this is step 1,000.", 1000),
    ("tables", {"token": "999"}, "There is no token 999: ids end at 26.", 1000),
    ("drift", {"token": "27"}, "There is no token 27: ids end at 26.", 1000),
    ("attention", {"head": "9.1"}, "There is no head 9.1: this model has 2 layers of 1", 1000),
    ("attention", {"step": "soon"}, "step=soon is not known here and was left out.", 1000),
    ("tables", {"tables.view": "Tails"}, "tables.view=Tails is not known here", 1000),
    ("drift", {"drift.map": "Globe"}, "drift.map=Globe is not known here", 1000),
    ("", {"run": "gone"}, "There is no run named 'gone'", None),
]


def test_thirty_links_lead_to_the_numbers_that_they_promise(visit: Visit, app: Server) -> None:
    assert len(LINKS) == 30 == len({str(link) for link in LINKS})
    page = visit("about:blank")
    for place, read, run, at, asked in LINKS:
        step = int(run.steps[at])
        query = {"run": run.name, "step": str(step), **asked}
        page.goto(f"{app.url}/{place}?{urlencode(query)}")
        clock = ClockDriver(page).wait_ready()
        clock.wait_step(step)
        expect(page.locator(".driftscope-numbers")).to_contain_text(f"step {step:,} ")
        read(page, run, at, asked)


def test_ten_stale_links_say_what_they_show_instead(visit: Visit, app: Server) -> None:
    assert len(STALE) == 10
    page = visit("about:blank")
    for place, asked, said, step in STALE:
        page.goto(f"{app.url}/{place}?{urlencode({'run': FOX.name} | asked)}")
        clock = ClockDriver(page).wait_ready()
        if step is not None:
            clock.wait_step(step)
        note = said.format(step=clock.step())
        expect(page.get_by_text(note)).to_be_visible()
        assert clock.step() in FOX.steps or asked.get("run") == "gone"
