"""Driverless AI MOJOs on H2O's Java runtime."""
