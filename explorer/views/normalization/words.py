"""How the page speaks of norms."""

from model_core.config import Norm

NAMES: dict[Norm, str] = {
    "layer": "layer norm",
    "batch": "batch norm",
    "rms": "RMS norm",
    "none": "no norm",
}
LEARNED: dict[Norm, str] = {  # what a norm does behind its division
    "layer": "gain and shift",
    "batch": "gain and shift",
    "rms": "gain",
    "none": "nothing",
}


def counted(count: int, thing: str) -> str:
    """ "1 token", "3 tokens"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"
