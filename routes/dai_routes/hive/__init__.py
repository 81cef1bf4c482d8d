"""Scores rows in Hive's SQL: makes the jar with the function ``dai_score`` and a model."""
