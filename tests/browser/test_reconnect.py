"""A page whose connection ended: it goes on where its session does, else it is loaded anew."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.browser.driver import DEMO, ClockDriver, Server, Watch, free_port, running

Visit = Callable[..., Page]
HOLD_SOCKETS = """
window.sockets = []
window.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); sockets.push(this) }
}
"""


def test_a_dropped_connection_is_taken_up_and_the_page_stays(
    visit: Visit, demo: Server, watch: Watch
) -> None:
    watch.allowed.append("WebSocket onclose")
    page = visit("about:blank")
    page.add_init_script(HOLD_SOCKETS)
    page.goto(demo.url)
    clock = ClockDriver(page).wait_ready()
    page.evaluate("window.isSame = true")
    with page.expect_response("**/clock/session/*") as answer:
        page.evaluate("sockets.at(-1).close()")
    assert answer.value.status == 204
    clock.slider.press("End")
    assert page.evaluate("window.isSame")


def test_after_a_restart_of_the_server_the_page_is_loaded_anew(
    visit: Visit, watch: Watch, tmp_path: Path
) -> None:
    watch.allowed += ["WebSocket", "ERR_CONNECTION_REFUSED", "server", "request failed", "410"]
    port = free_port()
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    with running(DEMO, tmp_path / "first", port=port) as server:
        page = visit(f"{server.url}/?panels=alone")
        ClockDriver(page).wait_ready()
        page.evaluate("document.body.dataset.loaded = 'before'")
    with running(DEMO, tmp_path / "second", port=port):
        expect(page.locator("body[data-loaded]")).to_have_count(0, timeout=30_000)
        ClockDriver(page).wait_ready()
        assert page.url.endswith("?panels=alone")
