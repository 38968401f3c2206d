"""Starts a server and drives its pages: what browser tests and benchmarks share."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserType,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    WebSocket,
    WebSocketRoute,
)

ROOT = Path(__file__).parents[3]
DEMO = Path(__file__).with_name("clock_demo_app.py")
WIDE, NARROW = (1440, 900), (390, 844)
START_SECONDS = 60
Visit = Callable[..., Page]  # the fixture `visit`
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
]
FAULTY = re.compile(r"Traceback|\bERROR\b|Uncaught|Exception in")


@dataclass(frozen=True)
class Server:
    """A running `streamlit run`: its address, and the folder of its log and its runs."""

    url: str
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    def faults(self) -> list[str]:
        """Lines of the log that report an error."""
        return [line for line in self.log.read_text().splitlines() if FAULTY.search(line)]


@contextmanager
def running(script: Path, folder: Path, base: str = "", port: int = 0) -> Iterator[Server]:
    """`streamlit run script` on this or a free port, its runs folder and log in `folder`."""
    port = port or free_port()
    server = Server(f"http://127.0.0.1:{port}/{base}".rstrip("/"), folder)
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    runs = {"DRIFTSCOPE_RUNS": str(server.runs), "PYTHONPATH": paths}
    command = [
        sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}",
        "--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none",
        "--browser.gatherUsageStats=false", f"--server.baseUrlPath={base}",
    ]  # fmt: skip
    with server.log.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | runs, stdout=log, stderr=log)
    try:
        wait_for_health(server, process)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_health(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Returns once the server answers; raises RuntimeError with its log when it does not."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
    raise RuntimeError(f"the server did not start:\n{server.log.read_text()[-2000:]}")


def options(*flags: str) -> dict[str, Any]:
    """How the machine's own Chromium starts: no background traffic, and `flags`."""
    return {"executable_path": shutil.which("chromium"), "args": [*QUIET, *flags]}


def launch(chromium: BrowserType, *flags: str) -> Browser:
    """The machine's own Chromium with these flags."""
    return chromium.launch(**options(*flags))


@dataclass
class Watch:
    """What went wrong in a page during a test; what contains a part of `allowed` is expected."""

    faults: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", self._throw)
        page.on("requestfailed", self._fail)

    def detach(self, page: Page) -> None:
        page.remove_listener("console", self._hear)
        page.remove_listener("pageerror", self._throw)
        page.remove_listener("requestfailed", self._fail)

    def _throw(self, error: Error) -> None:
        self.faults.append(f"page error: {error}")

    def _hear(self, message: ConsoleMessage) -> None:
        ours = message.type == "warning" and message.text.startswith("driftscope")
        if ours or message.type == "error":
            self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _fail(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # what a closed page still waited for
            self.faults.append(f"request failed: {request.url} {request.failure}")

    def unexpected(self) -> list[str]:
        return [f for f in self.faults if not any(part in f for part in self.allowed)]


class ClockDriver:
    """The step clock of a page, moved the way a reader moves it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root: Locator = page.locator(".driftscope-clock")
        self.track: Locator = page.locator(".driftscope-track")
        self.slider: Locator = page.get_by_role("slider", name="training step")

    def wait_ready(self) -> "ClockDriver":
        """Returns once the clock has drawn its first step."""
        self.page.locator(".driftscope-clock[data-ready=true]").wait_for(timeout=60_000)
        return self

    def step(self) -> int:
        """The step that is drawn now."""
        return int(self.root.get_attribute("data-drawn") or "-1")

    def wait_step(self, step: int) -> None:
        """Returns once this step is drawn."""
        self.page.locator(f'.driftscope-clock[data-drawn="{step}"]').wait_for()

    def wait_beyond(self, step: int) -> None:
        """Returns once a later step than this is drawn: a playing clock may skip any one."""
        self.page.wait_for_function(
            "step => Number(document.querySelector('.driftscope-clock').dataset.drawn) > step",
            arg=step,
        )

    def drag(self, start: float, end: float, moves: int = 20) -> None:
        """Press on the track, move in equal parts, release; positions from 0 to 1."""
        self.press(start)
        for n in range(1, moves + 1):
            self.move(start + (end - start) * n / moves)
        self.page.mouse.up()

    def press(self, position: float) -> None:
        """Put the pointer down on the track."""
        self.move(position)
        self.page.mouse.down()

    def move(self, position: float) -> None:
        """Move the pointer along the track."""
        box = self.track.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + position * box["width"], box["y"] + box["height"] / 2)


class Held:
    """What Streamlit's server sends to a page that is opened later: held back while `holds`."""

    def __init__(self, page: Page) -> None:
        self.holds = False
        self.late: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket(re.compile("_stcore/stream"), self._relay)

    def _relay(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(server.send)
        server.on_message(lambda message: self._pass(socket, message))

    def _pass(self, socket: WebSocketRoute, message: str | bytes) -> None:
        if self.holds:
            self.late.append((socket, message))
        else:
            socket.send(message)

    def has(self, part: bytes) -> bool:
        """Whether a message with this part is held back."""
        return any(part in data for _, data in self.late if isinstance(data, bytes))

    def release(self) -> None:
        """Send what was held back, and all that follows."""
        self.holds = False
        for page, message in self.late:
            page.send(message)
        self.late.clear()


def sent_messages(page: Page) -> list[object]:
    """What the page sends to the server from its next load on, in a list that grows."""
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", listen)
    return sent


def open_page(
    browser: Browser, url: str, *, watch: Watch, size: tuple[int, int], dark: bool
) -> Page:
    """A new page of this size in a context of its own, where nothing is cached."""
    return lead(browser.new_page(), url, watch=watch, size=size, dark=dark)


def lead(page: Page, url: str, *, watch: Watch, size: tuple[int, int], dark: bool) -> Page:
    """The page, of this size, at another address, watched from its first request."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="dark" if dark else "light")
    watch.attach(page)
    page.goto(url)
    return page
