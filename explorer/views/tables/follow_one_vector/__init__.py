"""The view Follow one vector."""
