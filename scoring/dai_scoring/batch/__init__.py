"""Records of a file, or of contents in memory, scored into records of the same or another format."""
