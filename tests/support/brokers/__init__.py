"""Brokers of the tests' own, and workers that read from them."""
