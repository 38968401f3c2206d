"""What one table of the view consists of."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from explorer.panels import AnyPanel
from explorer.visit.moment import Moment


class Part(NamedTuple):
    """Panels, what writes the numbers of the settled step, and how all of it is computed."""

    panels: Sequence[AnyPanel]
    numbers: Callable[[Moment], None]
    formula: str
    words: str
    function: str
