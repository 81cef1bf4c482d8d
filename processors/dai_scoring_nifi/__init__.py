"""What the three processors share: properties, contents exchange, attributes. Imports nifiapi, not the runtimes."""
