"""Why not batch norm."""
