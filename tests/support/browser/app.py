"""The app's own pages in a browser: changed, typed into, read back from their pictures."""

import re

from playwright.sync_api import Page, expect

from tests.support.browser.driver import NARROW, ROOT, WIDE, ClockDriver

APP = ROOT / "explorer" / "app.py"
# Whether no rerun was seen for a quarter of a second.
QUIET = """() => {
  const isIdle = document.querySelector(".stApp[data-test-script-state=notRunning]")
  const now = performance.now()
  if (!isIdle || document.querySelector("[data-stale=true]")) window.quietSince = undefined
  else window.quietSince ??= now
  return now - (window.quietSince ?? now) > 250
}"""
PAGES = ("Overview", "Train", "Tables", "Drift", "Attention", "Normalization")


def go_to(page: Page, title: str) -> ClockDriver:
    """Change the page by its link."""
    page.get_by_role("link", name=title, exact=True).click()
    expect(page).to_have_url(re.compile(r"/(\?|$)" if title == "Overview" else f"/{title.lower()}"))
    return ClockDriver(page).wait_ready()


def train(page: Page) -> str:
    """Press Train on its page; the name of the new run, which stands below the sliders."""
    name = page.get_by_text(re.compile("weights · about")).inner_text().split(" · ")[0]
    page.get_by_role("button", name="Train", exact=True).click()
    return name


def choose_preset(page: Page, preset: str) -> None:
    page.get_by_role("button", name=preset, exact=True).click()
    page.get_by_text(re.compile(f"^{preset}[-0-9]* · .* weights")).wait_for()


def assert_fits(page: Page) -> None:
    """On a wide screen and on a phone, where it stays, nothing is beyond the right edge."""
    for width, height in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.evaluate("window.innerWidth") == width


def type_sentence(page: Page, text: str) -> None:
    field = page.get_by_label("Sentence for the model to read")
    field.fill(text)
    field.press("Enter")


def heat(page: Page, panel: str) -> list[list[float | None]]:
    """The numbers a heatmap shows now, read back from the picture."""
    return page.evaluate(
        """panel => {
          const trace = document.querySelector(`[data-panel=${panel}] .js-plotly-plot`)._fullData[0]
          return trace.z.map(row => Array.from(row, v => Number.isFinite(v) ? v : null))
        }""",
        panel,
    )


def column_labels(page: Page, panel: str) -> list[str]:
    return page.locator(f"[data-panel={panel}] .xtick text").all_text_contents()


def settled(page: Page) -> None:
    """Returns once what is drawn is of the last rerun, which a press begins a moment later."""
    page.evaluate("() => { window.quietSince = undefined }")
    page.wait_for_function(QUIET)
