"""Over which numbers."""
