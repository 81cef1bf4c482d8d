"""Scoring with NiFi's own Record Readers and Record Writers, for formats and schemas that the library does not know."""
