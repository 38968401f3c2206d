"""Layer by layer."""
