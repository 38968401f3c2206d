"""What axe-core finds wrong in a page, in light and in dark."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

GRAVE = ("serious", "critical")
# No colour is on its way to another two frames later: what ends has ended.
STILL = """async () => {
  for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame)
  return document.getAnimations().every(({ playState, effect }) =>
    playState !== "running" || effect.getComputedTiming().endTime === Infinity)
}"""
FOUND = """async ([within, options]) =>
  (await axe.run(within ?? document, { resultTypes: ["violations"], ...options })).violations"""
# Of all rules, these alone look at colours.
OF_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def violations(
    page: Page, scheme: str, within: str | None = None, *, only_colours: bool = False
) -> list[tuple[str, str]]:
    """Rules that are gravely broken in this colour scheme, each with what breaks it.

    In the whole page, or `within` what a selector finds; `only_colours` where the other scheme of
    the same page has been looked at by every rule.
    """
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    expect(page.locator(".stApp")).to_have_css("color-scheme", scheme)
    page.wait_for_function(STILL)
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(FOUND, [within, OF_COLOURS if only_colours else {}])
    return [
        (rule["id"], node["html"][:200])
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]
