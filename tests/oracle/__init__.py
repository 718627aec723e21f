"""Slow, obvious twins of the fast parts; tests and benchmarks compare against them."""
