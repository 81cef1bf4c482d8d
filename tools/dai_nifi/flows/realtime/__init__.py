"""The flows that answer HTTP requests."""
