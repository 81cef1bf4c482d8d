"""Runs the notebooks of the documentation."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from tests.support.project import ROOT
from tests.support.waiting import PATIENCE


def shown_before_and_now(
    name: str, model: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> tuple[list[str], list[str]]:
    """What the cells of a notebook show in the documentation, and what they show when they run with a model."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("DAI_MODEL", str(model))
    notebook: Any = nbformat.read(ROOT / "docs" / "notebooks" / name, as_version=4)
    before = _shown(notebook)
    seconds = int(PATIENCE)
    # By sockets in files: free ports of TCP, as it finds them, may be taken by others before the kernel listens.
    kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "kernel"))
    NotebookClient(notebook, kernel, timeout=seconds, startup_timeout=seconds).execute(cleanup_kc=True)
    return before, _shown(notebook)


def _shown(notebook: Any) -> list[str]:
    """What the cells show, without times, which differ, and without what goes to the log."""
    texts = []
    for cell in notebook.cells:
        outputs = [one for one in cell.get("outputs", ()) if one.get("name") != "stderr"]
        found = "".join(one.get("text") or one["data"]["text/plain"] for one in outputs)
        texts.append(re.sub(r"\d+\.\d\d s", "0.00 s", found))
    return texts
