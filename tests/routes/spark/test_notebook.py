"""The notebook of the documentation runs on both versions of Spark, and shows what it shows there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.notebooks import shown_before_and_now

pytestmark = pytest.mark.runtime


def test_the_notebook_shows_what_is_in_the_documentation(
    spark: dict[str, str], samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in spark.items():
        monkeypatch.setenv(name, value)
    before, now = shown_before_and_now("score-with-spark.ipynb", samples / "penguins.mojo", monkeypatch, tmp_path)
    assert any("not_a_number|   body_mass_g|        heavy" in text for text in before)
    assert now == before
