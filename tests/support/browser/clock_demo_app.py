"""Serves the clock's test page with the app's own routes, headers and error box."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from explorer.app import on_script_error
from explorer.server.routes import ROUTES, BelowBase, Leaving
from explorer.server.security import Headers

app = st.App(
    Path(__file__).with_name("clock_demo.py"),
    routes=ROUTES,
    middleware=[Middleware(Leaving), Middleware(Headers), Middleware(BelowBase)],
    on_script_error=on_script_error,
)
