"""Scores a query into tables or files."""
