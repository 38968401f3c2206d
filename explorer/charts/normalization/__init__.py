"""Pictures of norms and of what surrounds them."""
