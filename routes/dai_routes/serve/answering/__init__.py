"""How a request is answered: path, API key, body, time limit, counts and log."""
