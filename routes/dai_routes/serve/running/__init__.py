"""How the server runs: its socket, its processes, its start and its end."""
