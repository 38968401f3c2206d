"""Values: both tables as heatmaps over all steps, as numbers, and as files."""
