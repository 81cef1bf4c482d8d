"""The notebook of the documentation runs, and shows what it shows there."""

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

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def shown(notebook: Any) -> list[str]:
    """What the cells show, without times, which differ."""
    texts = []
    for cell in notebook.cells:
        outputs = [one.get("text") or one["data"]["text/plain"] for one in cell.get("outputs", ())]
        texts.append(re.sub(r"\d+\.\d\d s", "0.00 s", "".join(outputs)))
    return texts


def test_the_notebook_shows_what_is_in_the_documentation(
    titanic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("DAI_MODEL", str(titanic))
    notebook: Any = nbformat.read(ROOT / "docs" / "notebooks" / "score-a-table.ipynb", as_version=4)
    before = shown(notebook)
    assert any("3 of 4 rows scored" in text for text in before)
    seconds = int(PATIENCE)
    # By sockets in files: free ports of TCP, as it finds them, may be taken by others before the kernel listens.
    kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=str(tmp_path / "kernel"))
    NotebookClient(notebook, kernel, timeout=seconds, startup_timeout=seconds).execute(cleanup_kc=True)
    assert shown(notebook) == before
