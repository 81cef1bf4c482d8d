"""Driverless AI Python scoring pipelines, each in an environment and processes of its own."""
