"""Models outside NiFi: a folder a route, each an adapter of :mod:`dai_scoring.service`."""
