"""Exact measures of the rows of an embedding table."""
