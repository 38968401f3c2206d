"""Where the reader looks: the chosen head, and the chosen cell of its weights."""

from dataclasses import dataclass

from explorer import readings, session
from explorer.charts.attention import head_panel
from explorer.look import Look, Sentence, marked
from explorer.panels import Panel, Text

TEXT_HEIGHT = 200  # pixels at most; a short sentence takes less
READS = "query '{query}' at {query_at} reads {weight} of key '{key}' at {key_at}"


@dataclass(frozen=True)
class Place:
    """A (layer, head), and a query and a key of the sentence."""

    layer: int
    head: int
    query: int
    key: int

    @property
    def name(self) -> str:
        return f"Layer {self.layer}, head {self.head}"


def place_of(look: Look, sentence: Sentence) -> Place:
    """What was chosen, as far as the sentence has it: at first its last query and the key before.

    Both are moved into a sentence that is shorter than the one they were chosen in.
    """
    last = len(sentence.ids) - 1
    asked, read = session.query(), session.key()
    query = last if asked is None else min(asked, last)
    key = max(query - 1, 0) if read is None else min(read, last)
    return Place(*look.head, query, key)


def text_panel(look: Look, sentence: Sentence, place: Place) -> Text:
    """The sentence, its keys lit up by what the chosen query reads."""
    weights = readings.head(look, sentence.ids, (place.layer, place.head)).weights
    label = sentence.labels[place.query]
    return Text(
        key="text",
        title=f"{place.name}: what '{label}' at {place.query} reads. Click another token",
        labels=sentence.labels,
        weights=weights,
        says=READS,
        query=place.query,
        alt=f"The sentence of {len(sentence.labels)} tokens; the brighter a token, the more of it "
        f"'{label}' at {place.query} reads.",
        height=TEXT_HEIGHT,
    )


def weights_panel(look: Look, sentence: Sentence, place: Place, *, span: int, height: int) -> Panel:
    """The chosen head large."""
    return head_panel(
        readings.head(look, sentence.ids, (place.layer, place.head)).weights,
        sentence.labels,
        key="head",
        title=f"{place.name}: each row reads the columns, and sums to 1",
        query=place.query,
        marked=marked(look, sentence),
        span=span,
        height=height,
    )
