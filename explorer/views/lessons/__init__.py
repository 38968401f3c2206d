"""The Lessons page, the slide beside every page, and worked examples that need no run."""
