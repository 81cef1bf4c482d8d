"""Formats that store columns: Parquet and Arrow IPC."""
