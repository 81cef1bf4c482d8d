"""A Python scoring pipeline as Driverless AI exports it, around a model that needs no licence."""
