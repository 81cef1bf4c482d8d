"""Texts of fixed length: the spaces that the database fills them up with are no part of a level."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.routes.database.support import Ask, Command, scores_by_id
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


def test_spaces_are_left_out_for_the_model_by_jdbc(
    h2: str, ask: Ask, score: Command, expected: dict[int, float]
) -> None:
    ask('ALTER TABLE "penguins" ALTER COLUMN "species" CHARACTER(60)')
    assert score("--source", h2, "--table", "penguins", "--target", "scores").code == 0
    assert dict(ask('SELECT "id", "male" FROM "scores"')) == pytest.approx(expected)
    assert ask('SELECT DISTINCT length("species") FROM "scores"') == [(60,)]


def test_spaces_are_left_out_for_the_model_by_adbc(
    server: Postgres, source: str, score: Command, expected: dict[int, float], tmp_path: Path
) -> None:
    server.ask("ALTER TABLE penguins ALTER species TYPE char(60)")
    assert score("--source", source, "--table", "penguins", "--target", "scores").code == 0
    assert scores_by_id(server) == pytest.approx(expected, rel=1e-6)
    assert server.ask("SELECT DISTINCT octet_length(species) AS n FROM scores") == [{"n": "60"}]
    assert score("--source", source, "--table", "penguins", "--csv", tmp_path / "scores.csv").code == 0
    assert ",Adelie," in (tmp_path / "scores.csv").read_text()
