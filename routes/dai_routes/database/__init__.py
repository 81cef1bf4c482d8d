"""Tables of a database scored into tables: ``dai-score table``."""
