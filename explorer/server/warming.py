"""Imports what pages need while the first browser still loads Streamlit's page."""

import asyncio
import gc
import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from contextlib import suppress

from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.server.first import is_offered
from explorer.server.routes import inner_path

# What a first visitor's script would otherwise import while thirty others do the same.
HEAVY = ("numpy", "pandas", "plotly.graph_objects", "plotly.io", "pyarrow", "torch")
PACKAGES = ("model_core", "explorer")
HEAD_START = 1.0  # seconds at most
NOT_WARMED = {"explorer.app", "explorer.dashboard"}  # and every __main__


class Warming:
    """Plain ASGI middleware: no visitor's script runs before `imported` is done.

    Files and the page are served meanwhile; a browser takes as long to load them. Importing holds
    up whatever is served beside it, so a browser that waits for the port gets the page and the
    picture in it before that begins, unless more is `wanted`.
    """

    imported: asyncio.Task[None] | None = None
    wanted = asyncio.Event()

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    @classmethod
    def start(cls) -> None:
        """Begin to import soon, in a thread of its own."""
        cls.wanted = asyncio.Event()
        cls.imported = asyncio.create_task(cls.import_soon())

    @classmethod
    async def import_soon(cls) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(cls.wanted.wait(), HEAD_START)
        await asyncio.to_thread(prepare)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and self.imported:
            self.wanted.set()
            await asyncio.shield(self.imported)
        await self.app(scope, receive, send)
        if scope["type"] == "http" and not comes_before_the_picture(scope):
            self.wanted.set()


def comes_before_the_picture(scope: Scope) -> bool:
    """Whether a page asks for this before the picture, or a watcher whether the server lives."""
    path = inner_path(scope)
    return path.startswith(("/assets/", "/static/", "/_stcore/")) or is_offered(scope, path)


def prepare() -> None:
    """Import everything; erase what a server before this one left half made."""
    import_all()
    from model_core.runs import runs_folder, shelf

    with suppress(ValueError, OSError):  # pages say what is wrong with the folder
        shelf.clear(runs_folder())


def import_all() -> None:
    """Import everything once, then freeze: Streamlit collects all garbage after each run."""
    for name in (*HEAVY, *own_modules()):
        importlib.import_module(name)
    importlib.import_module("torch").set_num_threads(1)  # more wait for each other, and trainers
    gc.collect()
    gc.freeze()


def own_modules() -> Iterator[str]:
    """Every module of ours that pages import; the dashboard script itself is not one."""
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.submodule_search_locations is None:
            continue
        yield package
        for module in pkgutil.walk_packages(spec.submodule_search_locations, f"{package}."):
            if module.name not in NOT_WARMED and not module.name.endswith(".__main__"):
                yield module.name
