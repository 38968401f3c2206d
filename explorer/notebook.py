"""A page of a run in a notebook (Jupyter, Colab, marimo), without a server: see `show`."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from json import loads
from pathlib import Path

from model_core.runs import Run

DASHBOARD = Path(__file__).with_name("dashboard.py")
HEIGHT = 720  # pixels of the frame
DRAW_SECONDS = 120  # a map of many tokens is made first


class Shown:
    """A page with its clock as one HTML text, which a notebook displays in a frame of its own."""

    def __init__(self, page: bytes) -> None:
        self.page = page

    def _repr_html_(self) -> str:
        look = f"width: 100%; height: {HEIGHT}px; border: 0"
        return f'<iframe srcdoc="{escape(self.page.decode())}" style="{look}"></iframe>'

    def _mime_(self) -> tuple[str, str]:
        """The same for marimo."""
        return "text/html", self._repr_html_()


def show(run: Run | str | Path, page: str = "drift", step: int | None = None) -> Shown:
    """A page about a run, with all its steps and at first at the recorded one nearest to `step`.

    It is the page of the app, drawn once in this process, and plays without it. `run`: a run or
    the path of its folder. ValueError where the page draws nothing of it.
    """
    path = (run.path if isinstance(run, Run) else Run.open(Path(run)).path).resolve()
    query = {"run": path.name} | ({} if step is None else {"step": str(step)})
    with _runs_in(path.parent):
        return _drawn(page, query)


def _drawn(page: str, query: dict[str, str]) -> Shown:
    """What the app draws at this address."""
    from streamlit.testing.v1 import AppTest
    from streamlit.util import calc_hash

    from explorer.player import offline_page, payload

    app = AppTest.from_file(str(DASHBOARD), default_timeout=DRAW_SECONDS)
    for name, value in query.items():
        app.query_params[name] = value
    if page != "overview":
        app._page_hash = calc_hash(page)  # of an address; AppTest itself knows pages by file only
    app.run().run()  # the first time the settled step is drawn alone
    clocks = [
        loads(node.proto.json)
        for node in app.main
        if node.type == "bidi_component" and node.proto.component_name == "driftscope_clock"
    ]
    if app.exception:
        raise ValueError(f"page {page!r} fails on run {query['run']!r}: {app.exception[0].message}")
    kept = payload(clocks[0]["payload"]) if clocks else None
    # An unknown page is the Overview, and an unlisted run the first that comes with the app.
    if kept is None or clocks[0]["names"] not in ([query["run"], page], [page]):
        raise ValueError(f"there is no page {page!r} with pictures of the run {query['run']!r}")
    names, at = clocks[0]["names"], clocks[0]["step"]
    question = re.sub(r"\\(.)", r"\1", app.title[0].value) if app.title else ""  # see `plain`
    return Shown(offline_page(kept, names=names, step=at, question=question))


@contextmanager
def _runs_in(folder: Path) -> Iterator[None]:
    """Pages look for runs where this variable says; Streamlit sets others, which go with it."""
    before = dict(os.environ)
    os.environ["DRIFTSCOPE_RUNS"] = str(folder)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
