"""Writes the folders from which a model is built and deployed on a platform."""
