"""The archives (NARs) with the processors: built here, put into a NiFi there."""
