"""Without it."""
