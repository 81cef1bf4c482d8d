"""One module a verb; each is a function that typer calls, and prints what it found."""
