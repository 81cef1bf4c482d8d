"""One module a model runtime; each provides an Engine and knows nothing of files."""
