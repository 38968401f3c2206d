"""One file a page: asks, computes, draws."""
