"""Runs that begin while another one writes, that come from another source, or whose first rows are all rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.routes.database.support import Command, ask_sqlite

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def test_rows_of_another_source_are_not_taken_for_rows_of_the_first(
    file: Path, tmp_path: Path, score: Command, expected: dict[int, float]
) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(file.read_bytes())
    ask_sqlite(other, "UPDATE penguins SET id = id - 1000")
    scores = tmp_path / "scores.db"
    for source in (file, other):
        words = ("--source", f"sqlite:///{source}", "--table", "penguins", "--target-db", f"sqlite:///{scores}")
        assert score(*words, "--target", "scores", "--mode", "append").document["scored"] == 348
        assert score(*words, "--target", "scores", "--mode", "append").document["records"] == 0
    both = {**expected, **{row - 1000: one for row, one in expected.items()}}
    assert dict(ask_sqlite(scores, "SELECT id, male FROM scores")) == pytest.approx(both)
