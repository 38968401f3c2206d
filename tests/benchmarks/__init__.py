"""Measurements of what "fast" means here, each a function that returns its figures."""
