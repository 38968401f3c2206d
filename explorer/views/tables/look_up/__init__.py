"""Look up: from a typed character to the numbers that enter the first block."""
