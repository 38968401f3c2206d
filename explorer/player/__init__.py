"""The step clock, which owns time in the browser, and what it reports."""
