"""The sentence the visitor typed, as the tokens of the chosen run's model."""

from dataclasses import dataclass
from itertools import takewhile

from explorer.charts.parts.labels import isolated
from model_core.labels import token_label, whole_characters
from model_core.runs import Run
from model_core.special import END
from model_core.training.presets import example_sentence
from model_core.vocabulary import Tokenizer

NEWLINE = token_label("\n")  # as it is typed into a field


@dataclass(frozen=True)
class Sentence:
    """What the model reads: ids (T,), 1 ≤ T ≤ block_size, and printable labels.

    Of `count` tokens, more than block_size, these are the ones from `start` on. Where not all of
    the typed text can be read, `typed` are its tokens and whether each is read; if none is, it is
    the run's example that is read `instead`.
    """

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    start: int = 0
    count: int = 0
    typed: tuple[tuple[str, bool], ...] = ()
    instead: bool = False

    def after(self, position: int) -> int | None:
        """The id of the next token; None after the last."""
        return self.ids[position + 1] if position + 1 < len(self.ids) else None

    @property
    def unread(self) -> dict[int, str]:
        """What was typed and is not read, by the position of the window that it stands before."""
        found: dict[int, str] = {}
        at = -self.start
        for piece, is_read in () if self.instead else self.typed:
            if is_read:
                at += 1
            elif 0 <= at <= len(self.ids):
                found[at] = found.get(at, "") + token_label(piece)
        return found


def sentence(run: Run, text: str, start: int = 0) -> Sentence:
    """What the model reads of a typed text: all that its vocabulary has, or the run's example.

    A first word that the vocabulary has only after a space is read as that one.
    What is too long is read from token `start` on, or from the last place where a whole block fits.
    """
    tokenizer, size = run.tokenizer, run.model_config.block_size
    pieces = _pieces(tokenizer, meant(run, text))
    read = [index for _, index in pieces if index is not None]
    ids = read or tokenizer.encode(example(run)) or [0]
    start = min(start, max(len(ids) - size, 0))
    window = tuple(ids[start : start + size])
    labels = tuple(isolated(token_label(tokenizer.tokens[index])) for index in window)
    whole = len(read) == len(pieces)
    typed = () if whole else tuple((piece, index is not None) for piece, index in pieces)
    return Sentence(window, labels, start, len(ids), typed, instead=not read)


def _pieces(tokenizer: Tokenizer, text: str) -> list[tuple[str, int | None]]:
    pieces = tokenizer.pieces(text)
    if pieces and pieces[0][1] is None:
        spaced = tokenizer.pieces(" " + text)
        if len(spaced) == len(pieces) and spaced[0][1] is not None:
            return spaced
    return pieces


def on_one_line(tokenizer: Tokenizer, text: str) -> str:
    """A text as it is typed into a field of one line, with ⏎ where a line ends."""
    return text if _has_sign(tokenizer) else text.replace("\n", NEWLINE)


def meant(run: Run, text: str) -> str:
    """What is meant by such a text; the label of the end of a text is that token."""
    if END in run.tokenizer.tokens:
        text = text.replace(token_label(END), END)
    if NEWLINE not in text or _has_sign(run.tokenizer):
        return text
    return text.replace(NEWLINE, "\n")


def _has_sign(tokenizer: Tokenizer) -> bool:
    """Whether ⏎ is a token's own and so means itself."""
    return any(NEWLINE in token for token in tokenizer.tokens)


def example(run: Run) -> str:
    """What to type first to this run's model: it reads all of it, at one time.

    "" where it knows neither its corpus's sentence nor the opening of its text.
    """
    opening = run.opening().strip()
    for text in (example_sentence(run.corpus, opening), opening.partition("\n")[0]):
        if found := _readable(run, _known(run.tokenizer, text)):
            return found
    return ""


def _readable(run: Run, ids: list[int]) -> str:
    """The text of the first of `ids`, as many as a block has when it is read again."""
    tokenizer, size = run.tokenizer, run.model_config.block_size
    for count in range(min(len(ids), size), 0, -1):
        text = whole_characters(tokenizer.decode(ids[:count]))
        if text and len(tokenizer.encode(text)) <= size:
            return text
    return ""


def _known(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of `text` up to the first token that is unknown."""
    ids = (index for _, index in tokenizer.pieces(text))
    return [index for index in takewhile(lambda one: one is not None, ids) if index is not None]
