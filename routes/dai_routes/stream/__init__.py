"""Scores messages of a broker: what comes into an input is scored into an output, and bad messages go apart."""
