"""The pictures on the cards of the stories: marks in the colours of the page, placed in percent.

HTML, since Streamlit takes SVG out of what it is given.
"""

from collections.abc import Sequence
from html import escape

import numpy as np

from explorer.charts.parts.theme import CATEGORIES, DARK

INNER = 92  # percent of the picture's width and height that marks reach


def letters_picture(places: np.ndarray, tokens: Sequence[str], classes: Sequence[int]) -> str:
    """Tokens at their places (N, 2) on a map, in the colours of their classes."""
    low, high = places.min(0), places.max(0)
    at = (places - low) / (high - low) * INNER
    marks = [
        f'<i class="k{kind}" style="left:{x:.1f}%;bottom:{y:.1f}%">{escape(token)}</i>'
        for (x, y), token, kind in zip(at, tokens, classes, strict=True)
    ]
    return _picture("letters", "".join(marks))


def head_picture(weights: np.ndarray) -> str:
    """One head's weights (T, T) as squares: the more is read, the darker, by the square root."""
    side = 100 / len(weights)
    cells = [
        f'<i style="left:{key * side:.2f}%;top:{query * side:.2f}%;width:{side:.2f}%;'
        f'height:{side:.2f}%;opacity:{weights[query, key] ** 0.5:.2f}"></i>'
        for query, key in np.argwhere(weights > 0.01)
    ]
    return _picture("head", "".join(cells))


def loss_picture(losses: np.ndarray) -> str:
    """Losses (S,) as bars on a logarithmic scale, with a word where one is no number any more."""
    known = np.isfinite(losses)
    heights = np.log(np.where(known, losses, np.nan)) / np.log(losses[known].max()) * INNER
    width = INNER / len(losses)
    bars = [
        f'<i style="left:{at * width:.1f}%;bottom:0;width:{width - 2:.1f}%;height:{height:.1f}%">'
        "</i>"
        if np.isfinite(height)
        else f'<b style="left:{at * width:.1f}%">NaN</b>'
        for at, height in enumerate(heights)
    ]
    return _picture("loss", "".join(bars))


def colours() -> str:
    """The rules that colour the pictures, on a light page and on a dark one."""
    pairs = enumerate(zip(CATEGORIES, DARK, strict=True))
    known = "; ".join(
        f"--k{number}: light-dark({light}, {dark})" for number, (light, dark) in pairs
    )
    rules = [f".story .k{number} {{ color: var(--k{number}); }}" for number in range(len(DARK))]
    return "\n".join([f".story {{ {known}; }}", *rules])


def _picture(kind: str, marks: str) -> str:
    return f'<div class="story story-{kind}" aria-hidden="true">{marks}</div>'
