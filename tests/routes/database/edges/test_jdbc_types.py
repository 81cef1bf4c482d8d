"""Types of columns by JDBC that need care: times with a zone, infinite ones, and long texts."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from dai_routes.database.addresses import open_database
from dai_routes.database.contract import TableName
from dai_routes.database.jdbc.settings import JdbcSettings
from dai_scoring.runtimes.java import jvm
from dai_scoring.scorer import RuntimeSettings
from tests.routes.database.support import Command
from tests.support.jdbc import driver
from tests.support.postgres import PASSWORD, Postgres

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]


@pytest.fixture
def by_jdbc(server: Postgres, source: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the same database for its JDBC driver."""
    assert source
    monkeypatch.setenv("DAI_SCORE_JDBC_DRIVER", str(driver("postgresql")))
    monkeypatch.setenv("DAI_SCORE_SOURCE_USER", server.user)
    monkeypatch.setenv("DAI_SCORE_SOURCE_PASSWORD", PASSWORD)
    return f"jdbc:postgresql://127.0.0.1:{server.port}/{server.name}"


def test_times_with_a_zone_are_kept_by_jdbc_in_every_zone(server: Postgres, by_jdbc: str, score: Command) -> None:
    server.ask(
        "ALTER TABLE penguins ADD t timestamptz DEFAULT '2026-11-01 05:30+00';"
        "UPDATE penguins SET t = '2026-11-01 06:30+00' WHERE id % 2 = 0"
    )
    # Starts Java.
    assert score("--source", by_jdbc, "--table", "penguins", "--preview", 1).code == 0
    zones = jvm.java_class("java.util.TimeZone")
    # Where both are half past one.
    zones.setDefault(zones.getTimeZone("America/New_York"))
    try:
        assert score("--source", by_jdbc, "--table", "penguins", "--target", "scores").code == 0
    finally:
        zones.setDefault(None)
    same = "SELECT count(*) AS n FROM (SELECT id, t FROM penguins INTERSECT SELECT id, t FROM scores) x"
    assert server.ask(same) == [{"n": "348"}]


@pytest.mark.parametrize(
    ("of", "value"),
    [("timestamp", "-infinity"), ("timestamp", "infinity"), ("date", "infinity"), ("timestamptz", "infinity")],
)
def test_endless_times_are_said_by_jdbc(server: Postgres, by_jdbc: str, score: Command, of: str, value: str) -> None:
    server.ask(f"ALTER TABLE penguins ADD t {of} DEFAULT '{value}'")
    done = score("--source", by_jdbc, "--table", "penguins", "--target", "scores")
    assert (done.code, "is infinite, or too far away" in done.error) == (1, True), done


@pytest.mark.usefixtures("h2")  # which starts Java
def test_long_texts_of_derby_get_their_length(tmp_path: Path) -> None:
    jvm.java_class("java.lang.System").setProperty("derby.stream.error.file", os.devnull)
    url = f"jdbc:derby:{tmp_path / 'derby'};create=true"
    with closing(open_database(url, JdbcSettings((driver("derby"),), RuntimeSettings()), "X", writes=True)) as database:
        database.run('CREATE TABLE "wide" ("a" VARCHAR(32672), "b" VARCHAR(32672) FOR BIT DATA)')
        database.commit()
        database.create(TableName("copy"), database.schema_of('SELECT * FROM "wide"'))
        assert database.columns(TableName("copy")) == database.columns(TableName("wide"))
