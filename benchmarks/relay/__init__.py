"""Benchmarks of the relay."""
