"""Formats that store columns: Parquet and Arrow IPC. Row groups of Parquet are copied where that is possible."""
