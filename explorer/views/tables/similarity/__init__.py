"""Which rows of a table are similar, and what lies between them."""
