"""Worker processes that score: for Python scoring pipelines inside their own environment, and for the C++ runtime.

``child.py`` and ``cpp_child.py`` are the programs that run there; the other modules are the side that calls them.
"""
