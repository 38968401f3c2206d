"""The sentence with which a call refuses its arguments: short, one line, no path."""

from collections.abc import Callable
from typing import Any

import pytest


def refusal(call: Callable[..., object], *arguments: Any, **named: Any) -> str:
    """The sentence with which a call refuses: short, on one line, without a path."""
    with pytest.raises(ValueError) as error:
        call(*arguments, **named)
    return sentence(str(error.value))


def sentence(words: str) -> str:
    """`words`, checked to be fit for the screen."""
    assert 0 < len(words) <= 200, words
    assert words.isprintable(), words
    assert "/" not in words, words
    return words
