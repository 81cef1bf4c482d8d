"""The archives (NARs) with the processors: how they are built, and installed in a NiFi."""
