"""What several views of the Attention page draw: the sentence, and the chosen head large."""

from explorer.charts.attention.heads import head_panel
from explorer.charts.parts.squares import Labels
from explorer.data import heads
from explorer.panels import Frame, Panel, Text
from explorer.picks import Positions
from explorer.visit.focus import Focus
from explorer.visit.moment import Moment, marked
from explorer.visit.sentence import Sentence

TEXT_HEIGHT = 200  # pixels at most; a short sentence takes less
READS = "'{query}' at {query_at} gives {weight} of its attention to '{key}' at {key_at}"


def text_panel(moment: Moment, sentence: Sentence, focus: Focus) -> Text:
    """The sentence, its keys lit up by what the chosen query reads."""
    weights = heads.head(moment, sentence.ids, (focus.layer, focus.head)).weights
    label = sentence.labels[focus.query]
    return Text(
        Frame("text", focus.name, span=12, height=TEXT_HEIGHT),
        sentence.labels,
        weights,
        says=READS,
        query=focus.query,
        alt=f"The sentence of {len(sentence.labels)} tokens; the brighter a token, the more of it "
        f"'{label}' at {focus.query} reads.",
        picks=Positions(len(sentence.labels)),
        marked=marked(moment, sentence),
        unread=sentence.unread,
    )


def weights_panel(moment: Moment, sentence: Sentence, focus: Focus, frame: Frame) -> Panel:
    """The chosen head large."""
    return head_panel(
        heads.head(moment, sentence.ids, (focus.layer, focus.head)).weights,
        Labels(sentence.labels, focus.query, marked=marked(moment, sentence)),
        frame,
    )


def head_frame(focus: Focus, span: int, height: int) -> Frame:
    return Frame("head", f"{focus.name}: each row sums to 1", span, height)
