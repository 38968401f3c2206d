"""What can be said exactly about the rows of an embedding table."""
