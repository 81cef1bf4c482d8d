"""The flows that score files and database tables."""
