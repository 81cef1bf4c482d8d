"""Worker processes that score inside the environment of a Driverless AI Python scoring pipeline.

``child.py`` is the program that runs there; the other modules are the side that calls it.
"""
