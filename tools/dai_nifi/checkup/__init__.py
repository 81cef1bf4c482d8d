"""Checks of a NiFi and of what is deployed there: what is wrong, and how to fix it."""
