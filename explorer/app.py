"""The server: warm before the port opens, our own routes, security headers, calm errors."""

import gc
import importlib
import importlib.util
import logging
import pkgutil
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from explorer.server.routes import ROUTES
from explorer.server.security import Headers

# What a first visitor's script would otherwise import while thirty others do the same.
HEAVY = ("numpy", "pandas", "plotly.graph_objects", "plotly.io", "pyarrow", "torch")
PACKAGES = ("model_core", "explorer")
NOT_WARMED = {"explorer.app", "explorer.dashboard"}  # and every __main__


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Import everything once, then freeze: Streamlit collects all garbage after each run."""
    for name in (*HEAVY, *own_modules()):
        importlib.import_module(name)
    importlib.import_module("torch").set_num_threads(1)  # more wait for each other, and trainers
    importlib.import_module("explorer.player.assets").plotly_gzip()
    gc.collect()
    gc.freeze()
    yield


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


def on_script_error(error: Exception) -> bool:
    """A calm box with an id for the visitor; the trace goes to the log under the same id."""
    name = secrets.token_hex(4)
    logging.getLogger("driftscope").error("error %s on a page", name, exc_info=error)
    st.error(
        f"Something went wrong on this page. Reload to try again; after an update of Driftscope, "
        f"restart it. The server's log says why under error {name}."
    )
    return True


app = st.App(
    "dashboard.py",
    lifespan=lifespan,
    routes=ROUTES,
    middleware=[Middleware(Headers)],
    on_script_error=on_script_error,
)
