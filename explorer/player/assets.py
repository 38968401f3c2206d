"""The files of the step clock that browsers load: an explicit list, read once, with one version."""

import functools
import gzip
import hashlib
from importlib.metadata import version
from pathlib import Path

SCRIPT = "text/javascript; charset=utf-8"
# fmt: off
SCRIPTS = [
    "player", "bar", "chosen_theme", "cursor", "curves", "dom", "events", "fast", "film", "gif",
    "grid", "heatmap", "history", "keys", "labels", "legend", "letters", "letters_apart",
    "letters_layout", "link", "listing", "machine", "machine_arcs", "machine_layout",
    "machine_paint", "machine_words", "mosaic", "mosaic_layout", "palette", "panel", "paths",
    "payload", "pixels", "placing", "playback", "plot", "plotly_internals", "presenting",
    "reconnect", "reports", "saving", "scatter", "selection", "space", "spelling", "svg",
    "svg_context", "text", "theme", "timeline", "track", "typing", "vector", "words", "writings",
]
# fmt: on
LATER = {"film.js", "gif.js", "palette.js"}  # of these a page loads none before it is asked for
FILES = {f"{name}.js": SCRIPT for name in SCRIPTS} | {"player.css": "text/css; charset=utf-8"}


@functools.cache
def player_files() -> dict[str, bytes]:
    """The content of every listed file, by name."""
    folder = Path(__file__).parent / "web"
    return {name: (folder / name).read_bytes() for name in FILES}


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
