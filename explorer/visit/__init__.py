"""What this visitor looks at, and what every page does alike."""
