"""Runs the server: its socket and its processes, from start to end."""
