"""Write the modules in processors/extensions/ from their source: ``python -m dai_nifi.extensions.generate``."""

from __future__ import annotations

import sys
from pathlib import Path

from dai_nifi import resources
from dai_nifi.extensions.source import EXTENSIONS


def generate(folder: Path) -> list[Path]:
    """Write every module to a folder; returns those that were not up to date."""
    changed = []
    for extension in EXTENSIONS:
        file = folder / f"{extension.processor}.py"
        text = extension.module()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed


if __name__ == "__main__":
    for file in generate(resources.extensions()):
        sys.stdout.write(f"wrote {file}\n")
