"""Folders that build and deploy a model on a platform."""
