"""What several charts draw with."""
