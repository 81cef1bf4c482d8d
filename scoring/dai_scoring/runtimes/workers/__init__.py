"""Worker processes that score: for Python scoring pipelines inside their own environment, and for the C++ runtime.

These modules start and ask them. What runs there is ``python_pipeline/child`` and ``cpp/child.py``.
"""
