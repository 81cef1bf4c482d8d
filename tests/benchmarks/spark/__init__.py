"""How fast Spark scores, beside others that score in it."""
