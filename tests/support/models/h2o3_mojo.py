"""H2O-3 MOJOs made of another, or of text."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path


def changed(sample: Path, target: Path, changes: Mapping[str, str]) -> Path:
    """Write a MOJO with other passages in its description; each of them stands there once."""
    with zipfile.ZipFile(sample) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "model.ini":
                text = content.decode()
                for old, new in changes.items():
                    assert text.count(old) == 1
                    text = text.replace(old, new)
                content = text.encode()
            made.writestr(entry, content)
    return target


def made(target: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write a MOJO of the files in it."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target


def without(sample: Path, target: Path, name: str) -> Path:
    """Write a MOJO that lacks one of its files."""
    with zipfile.ZipFile(sample) as source:
        return made(target, {one: source.read(one) for one in source.namelist() if one != name})
