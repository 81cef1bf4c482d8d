"""``dai-score table``: scores rows of a database and writes them into a table."""
