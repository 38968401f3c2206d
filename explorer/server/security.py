"""Headers of every response: what a page may load and run, and what to preload."""

import base64
import functools
import hashlib
import re
from pathlib import Path

import streamlit
from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.server.first import PAGES, is_offered, picture
from explorer.server.routes import inner_path

ENCODING = b"accept-encoding"  # what a page is asked without, to be written into
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)


@functools.cache
def content_security_policy() -> str:
    """What Streamlit's page needs and no more.

    Scripts: its bundle, its inline line by hash, and blob: because Streamlit runs the loader of
    a component as one. Styles: inline, because Streamlit and Plotly write style attributes.
    """
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_bytes().decode()
    hashes = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in INLINE_SCRIPT.findall(page)
    ]
    inline = " ".join(f"'sha256-{value}'" for value in hashes)
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' blob: {inline}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-src 'self'",
            "frame-ancestors 'self'",
        ]
    )


@functools.cache
def needed_soon(*, plotly: bool) -> str:
    """What the step clock needs, fetched while Streamlit's own start: a Link header (RFC 8288).

    Addresses are relative to the page's, so that they hold below a base path.
    """
    from explorer.player.assets import player_version, plotly_version

    links = [f"<assets/{player_version()}/player.js>; rel=modulepreload"]
    if plotly:
        address = f"assets/plotly.min.js?v={plotly_version()}"
        links.insert(0, f"<{address}>; rel=preload; as=script")
    return ", ".join(links)


@functools.cache
def first_script(*, pictured: bool) -> bytes:
    """The tag of our script, which runs before Streamlit's: it changes what that finds.

    And the picture that the page opens with, and its style: files of their own would wait for sixty
    of Streamlit's.
    """
    from explorer.player.assets import player_files, player_version

    folder = f"assets/{player_version()}"
    found = ""
    if pictured:
        data = base64.b64encode(picture()).decode()
        style = player_files()["player.css"].decode()
        within = f"<style>{style}</style>"
        found = f'<template id="driftscope-first" data-payload="{data}">{within}</template>'
    return f'<head><script type="module" src="{folder}/player.js"></script>{found}'.encode()


class Headers:
    """Plain ASGI middleware: headers for every answer, and our script in Streamlit's page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = inner_path(scope)
        is_ours = path.startswith("/assets/")  # what Chromium fetches ahead as a page
        if not is_ours and "text/html" in RequestHeaders(scope=scope).get("accept", ""):
            scope = {**scope, "headers": [h for h in scope["headers"] if h[0] != ENCODING]}
        start: Message = {}
        page = bytearray()

        async def send_with_headers(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                add_headers(message, path)
                if scope["method"] == "GET" and is_page(message):
                    start = message
                    return
            elif start:
                page.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                script = first_script(pictured=is_offered(scope, path))
                body = bytes(page).replace(b"<head>", script, 1)
                headers = MutableHeaders(scope=start)
                headers["Content-Length"] = str(len(body))
                del headers["etag"], headers["last-modified"]  # they are of Streamlit's file alone
                await send(start)
                message = {"type": "http.response.body", "body": body}
            await send(message)

        await self.app(scope, receive, send_with_headers)


def is_page(start: Message) -> bool:
    """Whether an answer carries Streamlit's page."""
    kind = MutableHeaders(scope=start).get("content-type", "")
    return start["status"] == 200 and kind.startswith("text/html")


def add_headers(start: Message, path: str) -> None:
    headers = MutableHeaders(scope=start)
    headers["Content-Security-Policy"] = content_security_policy()
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    if headers.get("content-type", "").startswith("text/html"):
        headers["Link"] = needed_soon(plotly=path not in (*PAGES, "/lessons"))
