"""What the Normalization page asks: a folder, or a file, for each of its views."""
