"""What the app draws at an address: a page with all its steps, drawn in this process."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

DASHBOARD = Path(__file__).with_name("dashboard.py")
DRAW_SECONDS = 600  # a map of many tokens is made first, on a machine that may be busy


class Drawn(NamedTuple):
    """A clock's payload, what it is of, the step it stands at first, and what its page asks."""

    payload: bytes
    names: list[str]
    step: int
    question: str


def drawn(page: str, query: dict[str, str]) -> Drawn:
    """The clock of a page at an address that names its run; ValueError where there is none.

    Not in a process that serves visitors: what draws puts itself in the server's place meanwhile.
    """
    from streamlit.util import calc_hash

    from explorer.player.clock import payload

    app = opened()
    for name, value in query.items():
        app.query_params[name] = value
    if page != "overview":
        app._page_hash = calc_hash(page)  # of an address; AppTest itself knows pages by file only
    try:
        app.run().run()  # the first time the settled step is drawn alone
    except RuntimeError as error:  # it took longer than DRAW_SECONDS
        raise ValueError(f"page {page!r} is not drawn on run {query['run']!r}: {error}") from None
    clocks = sent_to_clocks(app)
    if app.exception:
        raise ValueError(f"page {page!r} fails on run {query['run']!r}: {app.exception[0].message}")
    kept = payload(clocks[0]["payload"]) if clocks else None
    # An unknown page is the Overview, and an unlisted run the first that comes with the app.
    if kept is None or clocks[0]["names"] not in ([query["run"], page], [page]):
        raise ValueError(f"there is no page {page!r} with pictures of the run {query['run']!r}")
    question = re.sub(r"\\(.)", r"\1", app.title[0].value) if app.title else ""  # see `plain`
    return Drawn(kept, clocks[0]["names"], clocks[0]["step"], question)


@contextmanager
def runs_in(folder: Path) -> Iterator[None]:
    """Pages look for runs where this variable says; Streamlit sets others, which go with it."""
    before = dict(os.environ)
    os.environ["DRIFTSCOPE_RUNS"] = str(folder)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def opened() -> "AppTest":
    """The app as its script is run without a browser; not run yet."""
    from streamlit.testing.v1 import AppTest

    return AppTest.from_file(str(DASHBOARD), default_timeout=DRAW_SECONDS)


def sent_to_clocks(app: "AppTest") -> list[dict[str, Any]]:
    """What each clock of the page was sent beside its payload, and that one's digest."""
    return [
        loads(node.proto.json)
        for node in app.main
        if node.type == "bidi_component" and node.proto.component_name == "driftscope_clock"
    ]
