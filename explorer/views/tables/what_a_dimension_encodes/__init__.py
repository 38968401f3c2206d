"""The view What a dimension encodes."""
