"""The model runtimes, a folder each: every one provides an Engine and knows nothing of files."""
