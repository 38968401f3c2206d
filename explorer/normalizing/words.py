"""How the page speaks of norms."""

from model_core.config import Norm

LEARNED: dict[Norm, str] = {  # what a norm does behind its division
    "layer": "gain and shift",
    "batch": "gain and shift",
    "rms": "gain",
    "none": "nothing",
}
