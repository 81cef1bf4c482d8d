"""How the values of records become those that a model takes, and which of them are rejected."""
