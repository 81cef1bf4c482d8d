"""Driverless AI Python scoring pipelines, each in its own environment and processes."""
