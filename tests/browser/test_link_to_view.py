"""The link to a view, copied and as a code that is read back."""

import io
import re

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from explorer.player.assets import player_version
from tests.support.browser.driver import ClockDriver, Server, Visit


def test_the_link_to_a_view_is_the_address_that_the_visitor_sees(visit: Visit, app: Server) -> None:
    page = visit(f"{app.url}/attention?run=induction&step=0&head=1.2&text=Mia+saw")
    ClockDriver(page).wait_ready().slider.press("End")
    expect(page).to_have_url(re.compile("step=1000"))
    for _ in range(2):
        button = page.get_by_role("button", name="Link to this view")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Address of this view")).to_have_value(page.url)
        page.get_by_role("button", name="Copy link").click()
        expect(page.get_by_text("Copied.")).to_be_visible()
        code = page.get_by_alt_text("QR code of this address")
        page.wait_for_function("image => image.naturalWidth > 0", arg=code.element_handle())
        (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(code.screenshot())))
        assert found.text == page.url
        page.keyboard.press("Escape")
        expect(code).to_have_count(0)
    page.goto(f"{app.url}/lessons")
    page.get_by_role("button", name="Link to this view").click()
    expect(page.get_by_label("Address of this view")).to_have_value(page.url)


def test_the_code_answers_below_a_base_path(visit: Visit, demo: Server) -> None:
    page = visit(demo.url)
    ClockDriver(page).wait_ready()
    page.evaluate(
        """async (version) => {
          const { link } = await import(new URL(`assets/${version}/player.js`, document.baseURI))
          link.link({ parentElement: document.body })
        }""",
        player_version(),
    )
    page.get_by_role("button", name="Link to this view").focus()
    page.keyboard.press("Enter")
    code = page.get_by_alt_text("QR code of this address")
    page.wait_for_function("image => image.naturalWidth > 0", arg=code.element_handle())
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(code.screenshot())))
    assert found.text == page.url and "/lab" in found.text


@pytest.mark.parametrize("address", ["", "x" * 1001, "\N{RABBIT}" * 999])
def test_an_address_that_no_telephone_reads_has_no_code(
    visit: Visit, app: Server, address: str
) -> None:
    page = visit(app.url)
    answer = page.request.get(f"{app.url}/clock/link.svg", params={"address": address})
    assert answer.status == 404
