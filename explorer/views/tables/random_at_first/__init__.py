"""Whether the numbers of a table are random, at which steps."""
