"""An Artemis of the tests' own, from the jars that Maven fetches, on loopback."""
