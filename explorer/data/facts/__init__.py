"""Numbers that the text of a lesson may have."""
