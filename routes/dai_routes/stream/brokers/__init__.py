"""One module a broker. It alone imports the broker's client."""
