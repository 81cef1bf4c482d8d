"""Driverless AI MOJOs on H2O's C++ runtime."""
