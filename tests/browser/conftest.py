"""Servers and a watched Chromium for all tests; without a Chromium they are skipped, loudly."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    Page,
    expect,
    sync_playwright,
)

from tests.support.browser.app import APP
from tests.support.browser.driver import (
    DEMO,
    WIDE,
    ClockDriver,
    Server,
    Watch,
    launch,
    lead,
    options,
    running,
)

MISSING = "BROWSER TESTS SKIPPED: no `chromium` on the path, nothing was seen in a browser"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if shutil.which("chromium") is None:
        terminalreporter.write_line(MISSING, red=True, bold=True)


@pytest.fixture(scope="package")  # its event loop must not outlive the browser tests
def engine() -> Iterator[BrowserType]:
    """What starts the machine's Chromium; in CI its absence is a failure."""
    if shutil.which("chromium") is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    expect.set_options(timeout=15_000)  # a busy machine is not what is tested
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="package")
def chromium(engine: BrowserType) -> Iterator[Browser]:
    """For contexts of one test alone."""
    browser = launch(engine)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def context(
    engine: BrowserType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """One for all pages; see `visit`.

    Chromium stores compiled scripts only for a profile on disk: a page then opens in 60% of the
    processor time.
    """
    profile = tmp_path_factory.mktemp("profile")
    context = engine.launch_persistent_context(profile, **options())
    yield context
    context.close()


@pytest.fixture(scope="package")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """serve(script) starts a server for all tests; its log must stay free of faults."""
    servers = []
    with ExitStack() as stack:

        def start(script: Path, base: str = "") -> Server:
            folder = tmp_path_factory.mktemp("server")
            servers.append(stack.enter_context(running(script, folder, base)))
            return servers[-1]

        yield start
    for server in servers:
        assert server.faults() == []


@pytest.fixture(scope="package")
def demo(serve: Callable[..., Server]) -> Server:
    """The step clock's own test page, below a base path as behind a proxy."""
    return serve(DEMO, base="lab")


@pytest.fixture(scope="package")
def app(serve: Callable[..., Server]) -> Server:
    """The app; what a test trains is there in the next one, too."""
    return serve(APP)


@pytest.fixture(scope="package")
def at_first_step(context: BrowserContext, demo: Server) -> Iterator[Callable[[str], ClockDriver]]:
    """at_first_step(panels) is one page of the demo for all tests that move nothing but its step.

    An opening is 2 s of processor time. Pointer and focus are nowhere when a test begins.
    """
    watch = Watch()
    opened: dict[str, ClockDriver] = {}

    def found(panels: str) -> ClockDriver:
        if panels not in opened:
            page = lead(
                context.new_page(),
                f"{demo.url}/?panels={panels}",
                watch=watch,
                size=WIDE,
                dark=False,
            )
            opened[panels] = ClockDriver(page).wait_ready()
        page = opened[panels].page
        page.bring_to_front()
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement.blur()")
        page.locator("[data-testid=stMain]").evaluate("node => node.scrollTo(0, 0)")
        page.keyboard.press("Home")
        opened[panels].wait_step(0)
        return opened[panels]

    yield found
    for clock in opened.values():
        clock.page.close()
    assert watch.unexpected() == []


@pytest.fixture
def watch() -> Watch:
    """Errors of the page; a test may put expected ones into `watch.allowed`."""
    return Watch()


@pytest.fixture
def visit(context: BrowserContext, watch: Watch) -> Iterator[Callable[..., Page]]:
    """visit(url, size=WIDE, dark=False) opens a page; console errors and failed requests fail.

    The first is the tab of the tests before, where a page opens in half of the processor time;
    visit("about:blank") is always a tab of its own, to be prepared for what it opens. What a page
    has stored in the browser ends with the test, but for scripts and payloads.
    """
    tab = context.pages[0]
    pages: list[Page] = []
    origins: set[str] = set()

    def go(url: str, size: tuple[int, int] = WIDE, dark: bool = False) -> Page:
        origins.add("/".join(url.split("/")[:3]))
        page = context.new_page() if pages or url == "about:blank" else tab
        pages.append(page)
        page.bring_to_front()  # behind another, as one of `at_first_step`, it draws once a second
        return lead(page, url, watch=watch, size=size, dark=dark)

    yield go
    for origin in origins:
        stored = {"origin": origin, "storageTypes": "cookies,local_storage"}
        context.new_cdp_session(pages[0]).send("Storage.clearDataForOrigin", stored)
    for page in pages:
        if page is tab:
            watch.detach(page)
            page.mouse.move(0, 0)
            page.goto("about:blank")
        else:
            page.close()
    assert watch.unexpected() == []
