"""The inputs of ../shared/cases, which failed once, and their right values; without them tests skip."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from tests.support.project import ROOT


def shared_cases() -> Path:
    """The folder of the shared cases, which need not be there."""
    return Path(os.environ.get("DAI_CASES", ROOT.parent / "shared" / "cases"))


def shared_case(name: str) -> Path:
    """A file of the shared cases, such as ``booleans/data.csv``; skips the test without it."""
    folder = shared_cases()
    if not (folder / name).is_file():
        pytest.skip(f"the case {name} is not in {folder}; DAI_CASES can name another folder")
    return folder / name


def records(path: Path) -> list[dict[str, str]]:
    """The records of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
