"""The first picture: stored beside the runs that come with the app, drawn before pages can be."""

import functools
from pathlib import Path

from starlette.types import Scope

from model_core.runs import runs_folder

FOLDER = Path(__file__).parents[1] / "recorded"
PAGES = ("/", "/overview")


@functools.cache
def picture() -> bytes:
    """The payload of the Overview as it opens, of one step."""
    return _file().read_bytes()


def is_offered(scope: Scope, path: str) -> bool:
    """Whether this page, below the server's base path, opens with that picture.

    An address may ask for another one, and a visitor's own run of that name comes before ours.
    """
    if path not in PAGES or scope["query_string"]:
        return False
    ours = _file().stem
    try:
        return not (runs_folder() / ours).exists()
    except (ValueError, OSError):
        return False  # the page says what is wrong with the folder


@functools.cache
def _file() -> Path:
    """Named after its run: nothing that takes long is imported to learn which one is first."""
    (found,) = FOLDER.glob("*.payload")
    return found
