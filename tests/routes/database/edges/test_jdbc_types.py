"""Types of columns by JDBC that need care: times with a zone, and infinite ones."""

from __future__ import annotations

import pytest

from dai_scoring.runtimes.java import jvm
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
