"""What to say where a Python package is missing that the distribution, or an extra of it, brings."""

from __future__ import annotations

DISTRIBUTION = "nifi-dai-scoring"

_OWN = "dai_"


def sentence(package: str, extra: str | None = None) -> str:
    """One sentence: the package is not installed, and how to install it."""
    wanted = DISTRIBUTION if extra is None else f"{DISTRIBUTION}[{extra}]"
    return f"The Python package {package} is not installed: pip install '{wanted}'."


def absent(error: ModuleNotFoundError, extra: str | None = None) -> str:
    """The sentence for a module that could not be imported; raises the error again if it is one of our own."""
    package = (error.name or "").partition(".")[0]
    if not package or package.startswith(_OWN):
        raise error
    return sentence(package, extra)
