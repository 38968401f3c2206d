"""For engineers."""
