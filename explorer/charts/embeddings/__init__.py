"""Pictures of embedding tables, maps and neighbours."""
