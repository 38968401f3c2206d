"""What one visitor has chosen, as plain data, and the keys under which widgets keep the rest."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from explorer.player.clock import Heard
from explorer.visit.address import Chosen

# Keys of the widgets that every page shares, and their parameters of the address.
RUN, TEXT, TOKENS, START = "run", "text", "tokens", "from"
PLAY = "play"  # in an address: 1 plays from its step on
LESSON = "lesson"  # in an address: "<name>.<slide>", from 1
CELL = tuple(f"normalization.pool.{axis}" for axis in ("sentence", "position", "channel"))
SHARED = (RUN, TEXT, TOKENS)  # in the address of every page


@dataclass(frozen=True)
class Opening:
    """A page, and parameters of an address that leads to what it is to show, of which run."""

    page: str
    parameters: Mapping[str, str]
    plays: bool


@dataclass
class Visit:
    """One visitor's state beside the values of widgets, which Streamlit keeps by their keys.

    `asked`: parameters the visitor came with that no widget has taken yet. `defaults`: of the
    widgets drawn so far; the address leaves them out, and has only widgets `drawn` on this `page`.
    `of_run`: keys of widgets whose values are forgotten with the run. `pending`: values of widgets
    from the next rerun on, `goal`: the page to open then, `opening`: what to show there instead of
    all that is chosen. `lesson`: name and slide, from 1, of the lesson that is on; `fresh`: its
    view is still to be opened; `writing`: the title it has while it is written, `drafts`: what is
    written of a new slide, by lesson. `predicted`: what was said to each slide's question. `files`:
    lessons whose file was asked for. `unknown`: parameters of the address that mean nothing here,
    by name. `last_read`: run and ids of the sentence last drawn. `heard`: by clock, what it last
    reported. `stories`: whether their cards are open, `plays`: how many clocks were asked to play.
    `editing`: by editor, the text whose edits it holds; `rewritten`: how often that was replaced.
    `published`: the address as it was sent last. `trainings`: how many were started, counted under
    the `lock`, since a double click runs the script twice at once.
    `pictures`: titles of the page's pictures by key, while a lesson is written.
    `problem`: why what was pressed last on this page could not be written. `question`: what the
    page asks. `like`: the run that the form of a new one is filled from. Of the shelf: why the last
    wish was `refused`, which run is asked about before `deleting` it, how many `uploads` became
    runs or lessons.
    """

    chosen: Chosen = Chosen()
    page: str = ""
    drawn: set[str] = field(default_factory=lambda: set(SHARED))
    asked: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=lambda: {RUN: None, TEXT: None, TOKENS: []})
    of_run: set[str] = field(default_factory=lambda: {TOKENS})
    pending: dict[str, Any] = field(default_factory=dict)
    goal: str | None = None
    opening: Opening | None = None
    lesson: tuple[str, int] | None = None
    fresh: bool = False
    writing: str | None = None
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)
    predicted: dict[tuple[str, int], str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    unknown: dict[str, str] = field(default_factory=dict)
    last_read: tuple[str, tuple[int, ...]] | None = None
    heard: defaultdict[str, Heard] = field(default_factory=lambda: defaultdict(Heard))
    stories: bool = False
    plays: int = 0
    editing: dict[str, str] = field(default_factory=dict)
    rewritten: Counter[str] = field(default_factory=Counter)
    published: dict[str, str] = field(default_factory=dict)
    trainings: int = 0
    pictures: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    question: str = ""
    like: str = ""
    refused: str = ""
    deleting: str = ""
    uploads: int = 0
    lock: Lock = field(default_factory=Lock, compare=False)
