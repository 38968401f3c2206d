"""The Normalization page: each file answers one of its questions."""
