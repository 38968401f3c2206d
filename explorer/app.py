"""The server: warmed up as its port opens, our own routes, security headers, calm errors."""

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from explorer.server.routes import ROUTES, BelowBase, Leaving
from explorer.server.security import Headers
from explorer.server.warming import Warming


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Warm up beside the open port."""
    Warming.start()
    yield


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
    middleware=[
        Middleware(Leaving),
        Middleware(Headers),
        Middleware(BelowBase),
        Middleware(Warming),
    ],
    on_script_error=on_script_error,
)
