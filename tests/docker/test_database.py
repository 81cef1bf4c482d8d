"""The flow batch-database between a NiFi and a PostgreSQL in an engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dai_nifi.client.connection import connect
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.status import status
from dai_scoring.scorer import Scorer
from tests.docker.engine import Compose, docker, up, wait_until, wait_until_healthy
from tests.support.nifi.database_flow import MANY, agree, tables
from tests.support.ports import free_port
from tests.support.postgres import PASSWORD, Database

pytestmark = [pytest.mark.nifi, pytest.mark.usefixtures("elsewhere")]

ROWS = 5000


@pytest.fixture(scope="module")
def both(docker_compose_command: str, setting: Path, postgres: str) -> Iterator[Compose]:
    ports = {f"{name}_PORT": str(free_port()) for name in ("NIFI", "SCORE", "POSTGRES")}
    environment = {**ports, "POSTGRES_IMAGE": postgres, "POSTGRES_PASSWORD": PASSWORD}
    file = setting / "docker" / "compose.yaml"
    with up(docker_compose_command, file, "database", environment, "--profile", "database") as made:
        for service in ("postgres", "nifi"):
            wait_until_healthy(made.container(service))
        yield made


@pytest.fixture(scope="module")
def database(both: Compose) -> Database:
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("psql is not installed: apt-get install postgresql-client")
    port = int(both.address("postgres", 5432).rpartition(":")[2])
    return Database(Path(psql), port, "scoring", "scoring", "jdbc:postgresql://postgres:5432/scoring")


def test_rows_of_its_tables_are_scored(
    both: Compose, database: Database, titanic: Path, titanic_scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = tables(database, "people")
    database.ask(MANY.format(table="people", rows=ROWS))
    database.ask("update people set age = 'old' where id % 1000 = 0")
    connect(f"http://{both.address('nifi', 8080)}")
    monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)
    assert deploy(Request("batch-database", titanic, parameters=parameters)).running
    wait_until(
        lambda: database.count("people_scores") + database.count("people_rejected") == ROWS,
        lambda: status("batch-database").bulletins,
    )
    assert agree(database, "people", titanic_scorer, "true") == ROWS - ROWS // 1000
    assert database.ask("select id, _reject_code, _reject_column, _reject_value from people_rejected order by id") == [
        {"id": str(number), "_reject_code": "not_a_number", "_reject_column": "age", "_reject_value": "old"}
        for number in range(1000, ROWS + 1, 1000)
    ]
    # New containers on the same volumes go on where these stopped: only the new row is taken.
    before = database.ask("update people_scores set written = 'epoch' where id = 1 returning written")
    both.run("up", "--detach", "--force-recreate", "--timeout", "60")
    for service in ("postgres", "nifi"):
        wait_until_healthy(both.container(service))
    database.ask("insert into people (sex, age) values ('male', '40')")
    wait_until(lambda: database.count("people_scores") == ROWS - ROWS // 1000 + 1, lambda: "the new row is not scored")
    assert database.ask("select written from people_scores where id = 1") == before
    assert PASSWORD not in docker("logs", both.container("nifi"))
