"""A page of a run in a notebook (Jupyter, Colab, marimo), without a server: see `show`."""

from html import escape
from pathlib import Path

from explorer.drawn import drawn, runs_in
from model_core.runs import Run

HEIGHT = 720  # pixels of the frame


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
    from explorer.player.offline import offline_page

    path = (run.path if isinstance(run, Run) else Run.open(Path(run)).path).resolve()
    query = {"run": path.name} | ({} if step is None else {"step": str(step)})
    with runs_in(path.parent):
        payload, names, at, question = drawn(page, query)
    return Shown(offline_page(payload, names=names, step=at, question=question))
