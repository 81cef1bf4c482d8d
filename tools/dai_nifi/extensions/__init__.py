"""The processors' modules, written from one source: NiFi parses each on its own and follows no import."""
