"""Databases with an ADBC driver: rows are read and written as Arrow, without a Python object for each value."""
