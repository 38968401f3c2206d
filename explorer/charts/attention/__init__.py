"""Pictures of attention, head roles and predictions."""
