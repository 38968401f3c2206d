"""What a model does with other numbers in its tables."""
