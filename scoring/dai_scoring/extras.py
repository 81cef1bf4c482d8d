"""What to say where a Python package is missing that an extra of the distribution brings."""

from __future__ import annotations

DISTRIBUTION = "nifi-dai-scoring"


def sentence(package: str, extra: str) -> str:
    """One sentence: the package is not installed, and how to install it."""
    return f"The Python package {package} is not installed: pip install '{DISTRIBUTION}[{extra}]'."
