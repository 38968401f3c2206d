"""The Normalization page."""
