"""Lessons that need no run."""
