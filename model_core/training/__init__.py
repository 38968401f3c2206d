"""The write side: what trains a model and records it."""
