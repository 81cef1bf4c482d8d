"""Messages of few rows: read, judged, and written with their scores, without a file."""
