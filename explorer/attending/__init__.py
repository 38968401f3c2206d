"""What the Attention page shows: one file for each of its questions."""
