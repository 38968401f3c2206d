"""What the Drift page maps: what was asked for, the rows, the map, its colours and arrows."""
