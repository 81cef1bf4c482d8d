"""JSON, as an array, as one object or as lines."""
