"""The Python process that NiFi runs a processor in: when it ends, what restarts, and its garbage collection."""
