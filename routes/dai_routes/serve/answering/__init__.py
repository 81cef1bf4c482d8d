"""How a request is answered: its path, its sender, its body, its time; what is counted and logged of it."""
