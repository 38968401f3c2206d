"""What a model expects and writes next."""
