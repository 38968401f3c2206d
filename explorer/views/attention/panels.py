"""What several views of the Attention page draw: the sentence, and the chosen head large."""

from explorer.charts.attention.heads import head_panel
from explorer.charts.parts.squares import Labels
from explorer.data import heads
from explorer.panels import Frame, Panel, Positions, Text
from explorer.visit.focus import Focus
from explorer.visit.moment import Moment, marked
from explorer.visit.sentence import Sentence

TEXT_HEIGHT = 200  # pixels at most; a short sentence takes less
READS = "query '{query}' at {query_at} reads {weight} of key '{key}' at {key_at}"


def text_panel(moment: Moment, sentence: Sentence, focus: Focus) -> Text:
    """The sentence, its keys lit up by what the chosen query reads."""
    weights = heads.head(moment, sentence.ids, (focus.layer, focus.head)).weights
    label = sentence.labels[focus.query]
    title = f"{focus.name}: what '{label}' at {focus.query} reads. Click another token"
    return Text(
        Frame("text", title, span=12, height=TEXT_HEIGHT),
        sentence.labels,
        weights,
        says=READS,
        query=focus.query,
        alt=f"The sentence of {len(sentence.labels)} tokens; the brighter a token, the more of it "
        f"'{label}' at {focus.query} reads.",
        picks=Positions(len(sentence.labels)),
    )


def weights_panel(
    moment: Moment, sentence: Sentence, focus: Focus, *, span: int, height: int
) -> Panel:
    """The chosen head large."""
    return head_panel(
        heads.head(moment, sentence.ids, (focus.layer, focus.head)).weights,
        Labels(sentence.labels, focus.query, marked=marked(moment, sentence)),
        Frame("head", f"{focus.name}: each row reads the columns, and sums to 1", span, height),
    )
