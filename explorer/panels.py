"""What the step clock draws, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import plotly.graph_objects as go

from explorer.picks import Opens, Picks, Positions, Tokens

NO_ROLE = 255  # of a head without a role


@dataclass(frozen=True)
class Frame:
    """Where a panel stands on the page, and the title above it, with a note for each step."""

    key: str  # unique on the page
    title: str
    span: int = 6  # columns of twelve; everything is stacked on a narrow screen
    height: int = 0  # pixels; a chart replaces 0 by what it needs
    rows: int = 1  # how many panels of one row each may stand beside it
    notes: Sequence[str] = ()  # one a recorded step, or none

    def at_height(self, pixels: int) -> "Frame":
        """The frame with this height where it has none."""
        return self if self.height else replace(self, height=pixels)


@dataclass(frozen=True)
class Panel:
    """A Plotly figure, drawn once, and what of it changes with the step.

    `moving` maps "<trace>.<attribute path>" ("0.z", "1.marker.size") or "layout.<path>"
    ("layout.xaxis.range") to an array whose first axis is the recorded steps: (S,), (S, N) or
    (S, R, C), float32 or uint8. `ways` maps such names to the ways (R, S) float32 of R rows in one
    line: at step s each row has its first s + 1 numbers, then NaN, and a NaN keeps two rows apart.
    NaN is drawn as a gap. `alt` describes the picture in words.
    """

    frame: Frame
    figure: go.Figure
    moving: Mapping[str, np.ndarray] = field(default_factory=dict)
    ways: Mapping[str, np.ndarray] = field(default_factory=dict)
    alt: str = ""
    picks: Picks | None = None  # what a click means; None: clicks are not reported
    lasso: bool = False  # a lasso or a box selects tokens; needs picks=Tokens
    declutter: bool = False  # labels of "markers+text" never overlap: moved aside, or hidden


@dataclass(frozen=True)
class Roles:
    """Which of `names` each head has at each step: (S, L, H) uint8, NO_ROLE for none."""

    numbers: np.ndarray
    names: Sequence[str]


@dataclass(frozen=True)
class Mosaic:
    """Every head of every layer on one canvas: rows are layers, columns heads.

    `weights` (S, L, H, T(T+1)/2) uint8 are the lower triangles of `size` T queries, one query after
    the other: 254 = 1.0, 255 = not finite, drawn blank like the masked cells above the diagonal,
    where the head's role is written. `selected` is the (layer, head) with a frame around it; a
    click picks another.
    """

    frame: Frame
    weights: np.ndarray
    size: int
    alt: str = ""
    selected: tuple[int, int] = (0, 0)
    roles: Roles | None = None


@dataclass(frozen=True)
class Text:
    """The sentence itself: each key is highlighted by how much the chosen query reads of it.

    `labels` (T,) are printable tokens, `weights` (S, T, T) float32 in 0..1 with queries as rows, or
    (1, T, T) where they are the same at every step; NaN lights nothing (masked, or not finite).
    Without weights no key is lit, and what stands below each token is `beneath` (T,).
    A click makes a position the query at once, in the browser. `written` positions are underlined.
    """

    frame: Frame
    labels: Sequence[str]
    weights: np.ndarray | None
    says: str  # one weight in words, with {query}, {query_at}, {weight}, {key} and {key_at}
    query: int
    alt: str = ""
    written: tuple[int, ...] = ()
    marked: Mapping[int, str] = field(default_factory=dict)  # colours of lines below positions
    unread: Mapping[int, str] = field(default_factory=dict)  # labels struck through before them
    beneath: Sequence[str] = ()
    picks: Positions | None = None


@dataclass(frozen=True)
class Machine:
    """The model drawn while it reads a sentence of T tokens: from `labels` down to what comes next.

    `rows` (S, T, C) uint8 enter the first block: 127 is 0, 0 and 254 are as far from it as any row
    goes, 255 is not finite. `weights` (S, L, H, T(T+1)/2) uint8 as a Mosaic has them. `sizes`
    (S, L+1, T) float32 of the residual stream, within `bounds` where finite. `next` and `chances`
    (S, T, K) float32: the tokens that are likeliest after each position, as indices into `names`,
    and their probabilities; `true` (S, T) float32 that of the token which follows, whose index is
    in `following` (T,), -1 for none. `position` is the chosen one, `picks` the sentence's ids; a
    click leads to the page of the part. Of V = `vocabulary` tokens one is next; `parameters` (L+2,)
    are counted in the tables, in each layer, and in what follows the last.
    """

    frame: Frame
    labels: Sequence[str]
    rows: np.ndarray
    weights: np.ndarray
    sizes: np.ndarray
    bounds: tuple[float, float]
    next: np.ndarray
    chances: np.ndarray
    true: np.ndarray
    names: Sequence[str]
    following: Sequence[int]
    position: int
    picks: Tokens
    vocabulary: int
    parameters: Sequence[int]
    alt: str = ""
    roles: Roles | None = None
    unread: Mapping[int, str] = field(default_factory=dict)  # labels struck through before them


@dataclass(frozen=True)
class Letters:
    """A map whose marks are the tokens themselves: `points` (S, N, 2) float32, NaN for none.

    Both axes have one scale, over all steps. `colours` has one a token; `picks` their ids; `chosen`
    is an index among them.
    """

    frame: Frame
    labels: Sequence[str]
    points: np.ndarray
    colours: Sequence[str]
    picks: Tokens
    chosen: int | None = None
    alt: str = ""


@dataclass(frozen=True)
class Words:
    """One text per recorded step, monospace, with its line breaks.

    `faint` has for each text the parts that are written in grey, [start, end) each. `beside`: the
    first text stands at its left and the last at its right. `table`: how many characters the name
    of a line and each cell after it take; as many columns as fit stand side by side.
    """

    frame: Frame
    texts: Sequence[str]
    alt: str = ""
    faint: Sequence[Sequence[tuple[int, int]]] = ()
    beside: bool = False
    table: tuple[int, int] | None = None


@dataclass(frozen=True)
class Events:
    """The clock's marks as a list, lit up to the present step; a click moves the clock there."""

    frame: Frame
    alt: str = ""


@dataclass(frozen=True)
class Writings:
    """What is written at each of `steps` (S,), as a list that grows with the clock.

    The entry of the step shown is lit and stands on top; a step that writes the same as the one
    before has no entry of its own.
    """

    frame: Frame
    steps: Sequence[int]
    texts: Sequence[str]
    alt: str = ""


@dataclass(frozen=True)
class Item:
    """Something named on a row, in a few words; `number` is its place among what was measured.

    It has no number in the columns that it `lacks`; elsewhere NaN is a number that went wrong. Only
    what `leads` can be the largest.
    """

    name: str
    words: str = ""
    number: int | None = None
    lacks: tuple[int, ...] = ()
    leads: bool = True


@dataclass(frozen=True)
class Row:
    """One row of a Listing: `text` as code or as a heading; `faint` is what did not happen."""

    text: str
    items: Sequence[Item] = ()
    heading: bool = False
    faint: bool = False


@dataclass(frozen=True)
class Listing:
    """Rows of text, and beside them N things with a small picture and K numbers at each step.

    `numbers` (S, N, K) float32 stand under `headings` (K,). `pictures` (N,) of (S, R, C)
    uint8 as the rows of a Machine. At each step the largest finite one of the column `lead` has a
    frame and is named beside the title: `says` with {name}, out of `names` (N,), and {value};
    `nothing` stands there where there is none. With `bars` a number has a bar, as long as its share
    of the column's largest. `picks`: of the n-th thing.
    """

    frame: Frame
    rows: Sequence[Row]
    headings: Sequence[str]
    numbers: np.ndarray
    pictures: Sequence[np.ndarray]
    names: Sequence[str]
    says: str
    lead: int
    nothing: str = ""
    alt: str = ""
    bars: bool = False
    picks: Opens | None = None


AnyPanel: TypeAlias = (
    Panel | Mosaic | Text | Machine | Letters | Events | Words | Writings | Listing
)
