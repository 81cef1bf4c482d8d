"""A model as an HTTP server: ``dai-score serve``."""
