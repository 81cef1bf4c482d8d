"""Tables of databases: see `__main__`."""
