"""What answers over HTTP, measured with wrk: flows of NiFi, and the server of dai-score."""
