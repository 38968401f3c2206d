"""The three cards of a first visit: one press each, it plays, and the point is in the numbers."""

import re
from collections.abc import Callable
from string import ascii_lowercase, digits

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from explorer.visit.runs import RECORDED
from model_core.runs import Run
from model_core.taps import tapped
from tests.support.browser.driver import ClockDriver, Server, Visit

PLACES = """() => Object.fromEntries(
  [...document.querySelectorAll("[data-panel=map] .scatterlayer text")].map((text) => {
    const { x, y, width, height } = text.getBoundingClientRect()
    return [text.textContent, [x + width / 2, y + height / 2]]
  })
)"""
PAIRS = [(small, small.upper()) for small in ascii_lowercase]


@pytest.fixture
def told(visit: Visit, app: Server) -> Callable[[str, int], tuple[Page, ClockDriver]]:
    """Press the card of this title and wait until its clock has played to its last step."""

    def tell(title: str, last: int) -> tuple[Page, ClockDriver]:
        page = visit(app.url)
        page.get_by_role("button", name=title).click()
        expect(page.locator(".st-key-stories")).to_have_count(0, timeout=15_000)
        clock = ClockDriver(page).wait_ready()
        clock.wait_step(last)
        return page, clock

    return tell


def ranks(places: dict[str, list[float]]) -> tuple[float, float]:
    """How near pairs of small and capital letters are, and how many of a digit's nine nearest
    are digits.

    The rank of one among the neighbours of the other, in shares of what chance gives: 1.
    """
    names = [one for pair in PAIRS for one in pair] + list(digits)
    at = np.array([places[name] for name in names])
    apart = np.linalg.norm(at[:, None] - at[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    order = apart.argsort(1).argsort(1)
    pairs = [
        order[names.index(one), names.index(other)]
        for pair in PAIRS
        for one, other in (pair, pair[::-1])
    ]
    nearest = order[-10:, -10:] < 9
    return float(np.mean(pairs) / ((len(names) - 2) / 2)), float(nearest.sum(1).mean() / 9)


def test_letters_find_each_other(told: Callable[[str, int], tuple[Page, ClockDriver]]) -> None:
    page, clock = told("See letters find each other", 5000)
    after = ranks(page.evaluate(PLACES))
    page.keyboard.press("Home")
    clock.wait_step(0)
    before = ranks(page.evaluate(PLACES))
    assert before[0] > 0.8 and before[1] < 0.4
    assert after[0] < 0.5 and after[1] > 0.8


def test_a_head_forms(told: Callable[[str, int], tuple[Page, ClockDriver]]) -> None:
    page, clock = told("See a head form", 1000)
    mark = page.get_by_role("button", name=re.compile("layer 1 head 0: induction"))
    expect(mark).to_have_attribute("aria-label", re.compile("step 500"))
    mark.click()
    clock.wait_step(500)


def test_a_model_explodes(told: Callable[[str, int], tuple[Page, ClockDriver]]) -> None:
    """The title names the first step without a loss, and how far the stream grows before."""
    run = Run.open(RECORDED / "exploding")
    lost = int(run.steps[~np.isfinite(run.metrics()["train_loss"])][0])
    model = run.model_at(int(run.steps[run.steps < lost][-1]))
    ids = torch.tensor([run.tokenizer.encode("the value of the expression is")])
    with torch.no_grad(), tapped(model, "blocks.*.resid_post") as seen:
        model(ids)
        sizes = [x.std(-1, correction=0).mean().item() for x in (model.embed(ids), *seen.values())]
    growth = np.array(sizes) / sizes[0]
    assert growth[1] < 100 < growth[-1]  # it explodes on the way
    page, _ = told("See a model explode", 30)
    title = page.get_by_text(re.compile(f"grows ([0-9,]+)-fold over 8 blocks.*NaN at step {lost}"))
    expect(title.first).to_be_visible()
    found = re.search("grows ([0-9,]+)-fold", title.first.inner_text())
    assert found and float(found[1].replace(",", "")) == pytest.approx(growth[-1], rel=0.01)


def test_without_motion_a_story_waits_at_its_first_step(visit: Visit, app: Server) -> None:
    page = visit("about:blank")
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{app.url}/drift?run=english&step=0&play=1")
    clock = ClockDriver(page).wait_ready()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert clock.step() == 0
