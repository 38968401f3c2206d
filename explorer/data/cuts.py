"""A run's own text as three kinds of tokens."""

from collections.abc import Mapping

from explorer.data.cache import cached
from model_core.runs import Run
from model_core.tokenizers import train_tokenizer
from model_core.vocabulary import Kind, Tokenizer

READ = 2**19  # bytes of the text that tokenizers are trained on: byte pairs take 0.3 s
PAIRS = 512  # tokens of byte pairs


@cached(4)
def tokenizers(run: Run) -> Mapping[Kind, Tokenizer | str]:
    """By kind the run's own tokenizer, or one trained on its text's first READ bytes.

    A sentence stands for one that this text does not allow, as too many characters.
    """
    text = run.opening(READ)
    found: dict[Kind, Tokenizer | str] = {}
    for kind in ("character", "word", "bpe"):
        if run.tokenizer.kind == kind:
            found[kind] = run.tokenizer
            continue
        try:
            found[kind] = train_tokenizer(text, kind, PAIRS)
        except ValueError as error:
            found[kind] = str(error)
    return found
