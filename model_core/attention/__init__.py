"""What the heads of a model do in a text."""

from model_core.attention.heads import Attention, attend

__all__ = ["Attention", "attend"]
