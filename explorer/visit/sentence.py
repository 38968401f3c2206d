"""The sentence the visitor typed, as the tokens of the chosen run's model."""

from contextlib import suppress
from dataclasses import dataclass

from model_core.runs import Run
from model_core.tokenizers import UnknownTokens, split, token_label
from model_core.training.presets import example_sentence


@dataclass(frozen=True)
class Sentence:
    """The typed text as ids (T,), T ≤ block_size, and printable labels.

    Of a text of `count` tokens that is longer than block_size, those from `start` on. `problem` is
    what must be said about it, empty when nothing; `repaired` a text that has no problem, if one
    is near. ids are empty when nothing can be read.
    """

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    problem: str = ""
    repaired: str = ""
    start: int = 0
    count: int = 0

    def after(self, position: int) -> int | None:
        """The id of the next token; None after the last."""
        return self.ids[position + 1] if position + 1 < len(self.ids) else None


def sentence(run: Run, text: str, start: int = 0) -> Sentence:
    """The ids of a typed text, or words about why there are none.

    What is too long is read from token `start` on, or from the last place where a whole block fits.
    """
    size = run.model_config.block_size
    try:
        ids = run.tokenizer.encode(text)
    except UnknownTokens as error:
        return Sentence((), (), str(error), _repaired(run, text, error.unknown))
    if not ids:
        return Sentence((), (), "Type a sentence to see what the model does with it.")
    start = min(start, max(len(ids) - size, 0))
    window = tuple(ids[start : start + size])
    labels = tuple(token_label(run.tokenizer.tokens[index]) for index in window)
    return Sentence(window, labels, start=start, count=len(ids))


def example(run: Run) -> str:
    """What to type first to this run's model: no longer than it reads at a time."""
    sentence = example_sentence(run.corpus, run.opening())
    try:
        ids = run.tokenizer.encode(sentence)
    except UnknownTokens:
        return sentence
    return run.tokenizer.decode(ids[: run.model_config.block_size])


def _repaired(run: Run, text: str, unknown: tuple[str, ...]) -> str:
    """`text` without its unknown pieces, or with a space for each; "" when neither can be read.

    Without its hyphen, "well-known" would be a word that is as unknown.
    """
    kind = run.tokenizer.kind
    pieces = split(text, "character" if kind == "bpe" else kind)
    for instead in ("", " "):
        repaired = "".join(instead if piece in unknown else piece for piece in pieces)
        with suppress(UnknownTokens):
            return repaired if run.tokenizer.encode(repaired) and repaired.strip() else ""
    return ""
