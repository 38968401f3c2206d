"""A server and a watched Chromium for tests; without a Chromium they are skipped, loudly."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser.driver import DEMO, WIDE, Server, Watch, launch, open_page, running

MISSING = "BROWSER TESTS SKIPPED: no `chromium` on the path, nothing was seen in a browser"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if shutil.which("chromium") is None:
        terminalreporter.write_line(MISSING, red=True, bold=True)


@pytest.fixture(scope="package")  # its event loop must not outlive the browser tests
def chromium() -> Iterator[Browser]:
    """The machine's Chromium; in CI its absence is a failure."""
    if shutil.which("chromium") is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """serve(script) starts a server for the module; its log must stay free of faults."""
    servers = []
    with ExitStack() as stack:

        def start(script: Path, **environment: str) -> Server:
            folder = tmp_path_factory.mktemp("server")
            servers.append(stack.enter_context(running(script, folder, **environment)))
            return servers[-1]

        yield start
    for server in servers:
        assert server.faults() == []


@pytest.fixture(scope="module")
def demo(serve: Callable[..., Server]) -> Server:
    """The step clock's own test page."""
    return serve(DEMO)


@pytest.fixture
def watch() -> Watch:
    """Errors of the page; a test may put expected ones into `watch.allowed`."""
    return Watch()


@pytest.fixture
def visit(chromium: Browser, watch: Watch) -> Iterator[Callable[..., Page]]:
    """visit(url, size=WIDE, dark=False) opens a page; console errors and failed requests fail."""
    pages: list[Page] = []

    def go(url: str, size: tuple[int, int] = WIDE, dark: bool = False) -> Page:
        pages.append(open_page(chromium, url, watch=watch, size=size, dark=dark))
        return pages[-1]

    yield go
    for page in pages:
        page.context.close()
    assert watch.unexpected() == []
