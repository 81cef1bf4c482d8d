"""How fast Hive's function scores."""
