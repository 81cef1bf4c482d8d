"""Scores records with models of H2O Driverless AI and H2O-3; knows neither NiFi nor who calls it.

Start at :func:`dai_scoring.models.open_model` for tables, :func:`dai_scoring.files.score_file` for files.
"""
