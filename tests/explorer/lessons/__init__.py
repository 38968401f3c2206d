"""Lessons: their files, their numbers and their slides on the page."""
