"""What a flow needs outside of itself, asked before it is started: a database, a folder, a free port."""
