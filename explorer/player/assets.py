"""The two files of the step clock that browsers load, made once, with one version."""

import functools
import gzip
import hashlib
from importlib.metadata import version
from pathlib import Path

from explorer.player.bundle import bundle

SCRIPT = "text/javascript; charset=utf-8"
# What runs, in this order; the rest is imported. The first four change what Streamlit finds.
ENTRIES = ("chosen_theme", "history", "reconnect", "typing", "first", "link", "player")
# Joined in this order: of two rules that say the same of an element the later counts.
STYLES = (
    "clock", "panels", "saving", "bodies", "mosaic", "machine", "listing", "text",
    "bar", "track", "readout", "messages", "presenting", "motion",
)  # fmt: skip
FILES = {"player.js": SCRIPT, "player.css": "text/css; charset=utf-8"}
WEB = Path(__file__).parent / "web"


@functools.cache
def player_files() -> dict[str, bytes]:
    """The content of both files, by name."""
    return {"player.js": script(*ENTRIES), "player.css": style()}


@functools.cache
def script(*entries: str) -> bytes:
    """One module that runs these of our modules, and exports them and what they import."""
    sources = {path.stem: path.read_bytes().decode() for path in WEB.glob("*.js")}
    return bundle(sources, entries).encode()


def style() -> bytes:
    """The style sheet of panels and clock."""
    return b"\n".join((WEB / f"{name}.css").read_bytes() for name in STYLES)


@functools.cache
def offline_style() -> str:
    """The style sheet of a file that has no page of the server around it."""
    return (WEB / "offline.css").read_bytes().decode()


@functools.cache
def player_version() -> str:
    """Twelve hexadecimal digits that change when any of the files does."""
    content = b"".join(player_files().values())
    return hashlib.sha256(content).hexdigest()[:12]


def plotly_version() -> str:
    """The version of the package that plotly.js comes with."""
    return version("plotly")


@functools.cache
def plotly_gzip() -> bytes:
    """plotly.min.js out of the pip package, compressed once: 4.8 MB become about 1.4."""
    import plotly  # only for its folder

    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return gzip.compress(source.read_bytes(), compresslevel=6, mtime=0)
