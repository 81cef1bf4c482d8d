"""Write the flow definitions in nifi_flows/ from their source: ``python -m dai_nifi.flows.generate``."""

from __future__ import annotations

import sys
from pathlib import Path

from dai_nifi import resources
from dai_nifi.flows.templates import TEMPLATES, file_name, generated


def generate(folder: Path) -> list[Path]:
    """Write every flow definition to a folder; returns those that were not up to date."""
    changed = []
    for name, found in TEMPLATES.items():
        for runtime in found.runtimes:
            file = folder / file_name(name, runtime)
            text = generated(name, runtime)
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                file.write_text(text, encoding="utf-8")
                changed.append(file)
    return changed


if __name__ == "__main__":
    for file in generate(resources.flows()):
        sys.stdout.write(f"wrote {file}\n")
