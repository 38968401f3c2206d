"""Our own HTTP routes: plotly.js, the step clock's files and payloads, codes of links, sessions."""

import gzip
import io
import re
from contextlib import suppress

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnected

FOR_EVER = "public, max-age=31536000, immutable"  # the address changes when the content does
PRIVATE_FOR_EVER = "private, max-age=31536000, immutable"
LONGEST_CODE = 1_000  # characters of an address
DIGEST = re.compile(r"[0-9a-f]{64}")

# The handlers import when called: Streamlit reloads an edited module, and a payload is stored by
# the module that the pages now use, not by the one loaded at the start.


def plotly_js(request: Request) -> Response:
    """plotly.min.js, compressed when the browser can read that (all do): not while others wait."""
    from explorer.player.assets import SCRIPT, plotly_gzip

    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(gzip.decompress(plotly_gzip()), media_type=SCRIPT, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(plotly_gzip(), media_type=SCRIPT, headers=headers)


async def player_file(request: Request) -> Response:
    """A file of the step clock, by its name in an explicit list."""
    from explorer.player.assets import FILES, player_files, player_version

    name = request.path_params["name"]
    if name not in FILES or request.path_params["version"] != player_version():
        return PlainTextResponse("Not found", 404)
    headers = {"Cache-Control": FOR_EVER}
    return Response(player_files()[name], media_type=FILES[name], headers=headers)


async def clock_payload(request: Request) -> Response:
    """The payload of a step clock, by its digest."""
    from explorer.player.clock import payload

    digest = request.path_params["digest"]
    data = payload(digest) if DIGEST.fullmatch(digest) else None
    if data is None:
        return PlainTextResponse("Not found", 404, headers={"Cache-Control": "no-store"})
    # "identity" keeps Streamlit from compressing megabytes again at each request.
    headers = {"Cache-Control": PRIVATE_FOR_EVER, "Content-Encoding": "identity"}
    return Response(data, media_type="application/octet-stream", headers=headers)


def link_code(request: Request) -> Response:
    """The QR code of an address, as SVG; of a longer one no telephone reads the screen."""
    import segno

    address = request.query_params.get("address", "")
    if not 0 < len(address.encode()) <= LONGEST_CODE:
        return PlainTextResponse("Not found", 404)
    svg = io.BytesIO()
    segno.make_qr(address).save(svg, kind="svg", scale=4, light="#ffffff", xmldecl=False)
    headers = {"Cache-Control": PRIVATE_FOR_EVER}
    return Response(svg.getvalue(), media_type="image/svg+xml", headers=headers)


async def known_session(request: Request) -> Response:
    """Whether the session of a page that connects again goes on: 204, or 410 where it is gone."""
    from streamlit.runtime import get_instance

    known = get_instance().is_active_session(request.path_params["session"])
    return Response(status_code=204 if known else 410, headers={"Cache-Control": "no-store"})


ROUTES = [
    Route("/assets/plotly.min.js", plotly_js),
    Route("/assets/{version}/{name}", player_file),
    Route("/clock/link.svg", link_code),
    Route("/clock/{digest}", clock_payload),
    Route("/clock/session/{session}", known_session),
]
OURS = ("/assets/", "/clock/")
BELOW_A_PAGE = re.compile(r"/[^/]+/_stcore/[^/]+")


def inner_path(scope: Scope) -> str:
    """The path of a request below the server's base path (`server.baseUrlPath`)."""
    path: str = scope["path"]
    base = st.get_option("server.baseUrlPath").strip("/")
    return path.removeprefix(f"/{base}") if base and path.startswith(f"/{base}/") else path


class BelowBase:
    """Plain ASGI middleware: our routes answer below the server's base path, too.

    Streamlit's page looks for its server below its own address first, as in
    /attention/_stcore/health. A 404 would be an error in the browser's console; status 300 only
    sends it on to the next address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif BELOW_A_PAGE.fullmatch(path := inner_path(scope)):
            await Response(status_code=300)(scope, receive, send)
        else:
            ours = {**scope, "path": path} if path.startswith(OURS) else scope
            await self.app(ours, receive, send)


class Leaving:
    """Plain ASGI middleware: a visitor who leaves while a message is sent is no fault of the app.

    Streamlit (1.67) then reads from the closed socket, and the server would log a trace.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(WebSocketDisconnected):
            await self.app(scope, receive, send)
