"""The processor's model, the one that is to replace it, and the Python environments of scoring pipelines."""
