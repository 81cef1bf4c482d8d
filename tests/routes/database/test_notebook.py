"""The notebook of the documentation runs, and shows what it shows there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.notebooks import shown_before_and_now

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def test_the_notebook_shows_what_is_in_the_documentation(
    titanic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, now = shown_before_and_now("score-a-table.ipynb", titanic, monkeypatch, tmp_path)
    assert any("3 of 4 rows scored" in text for text in before)
    assert now == before
