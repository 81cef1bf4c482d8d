"""pandas for the tests that need it, in a folder of its own.

It is not installed with the other packages: pyarrow imports it where it can, which takes every process half a second.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.packages import target_packages
from tests.support.project import ROOT


def folder() -> Path:
    """A folder with pandas and what it needs, made once for a version of Python."""
    return target_packages.folder("pandas", "--constraint", str(ROOT / "constraints.txt"), "pandas>=2.2")
