"""What axe-core finds wrong in a page, in light and in dark."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

GRAVE = ("serious", "critical")
# No colour is on its way to another: what ends has ended.
STILL = """() => document.getAnimations().every(({ playState, effect }) =>
  playState !== "running" || effect.getComputedTiming().endTime === Infinity)"""


def violations(page: Page, scheme: str, within: str | None = None) -> list[tuple[str, str]]:
    """Rules that are gravely broken in this colour scheme, each with what breaks it.

    In the whole page, or `within` what a selector finds.
    """
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    expect(page.locator(".stApp")).to_have_css("color-scheme", scheme)
    page.wait_for_function(STILL)
    options = {"resultTypes": ["violations"]}
    found = Axe().run(page, context=within, options=options).response["violations"]
    return [
        (rule["id"], node["html"][:200])
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]
