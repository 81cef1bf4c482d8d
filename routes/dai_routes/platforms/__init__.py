"""A model on a cloud's platform: handlers, and ``dai-score package``."""
