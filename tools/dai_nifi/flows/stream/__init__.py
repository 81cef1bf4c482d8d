"""The flows that score messages of brokers."""
