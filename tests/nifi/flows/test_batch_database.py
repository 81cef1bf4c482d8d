"""The flow batch-database in a real NiFi, between tables of a real PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.errors import InvalidFlowError, UsageError
from dai_nifi.local.instance import LocalNiFi
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.status import status
from dai_nifi.operations.undeploy import undeploy
from dai_scoring.scorer import Scorer
from tests.support.nifi.database_flow import MANY, agree, tables
from tests.support.nifi.instance import NiFi
from tests.support.postgres import PASSWORD, Postgres, postgres
from tests.support.project import quiet

pytestmark = pytest.mark.nifi


@pytest.fixture(scope="session")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)


def wait(reached: Callable[[], Any], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, f"{reached} does not come true"
        time.sleep(0.25)


TYPES = """, booked timestamp, born date, boarded timestamptz, paid boolean, weight double precision, note text,
           tiny smallint, uid uuid, seen time"""
KEPT = "fare,booked,born,boarded,paid,weight,note,tiny,uid,seen"


def test_rows_come_through_typed_and_only_new_ones_are_taken(
    nifi: NiFi, database: Postgres, titanic: Path, titanic_scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = {**tables(database, "typed", TYPES, ", fare numeric(30,12)" + TYPES), "kept.columns": KEPT}
    database.ask("""insert into typed values
        (7, 3, 'male', '22', 'A1', 7.25, 'C1', '2024-02-29 12:34:56.789', '1899-12-31', '2024-06-30 23:59:59.999+02',
         true, 0.1, E'a, "b"; \\'ü\\' 漢 \\n', -32768, '6a1f9a5e-6a1b-5d43-9d0c-0d2f3a6f5b10', '23:59:59.5'),
        (9007199254740993, 1, 'female', null, null, 123456789012345678.123456789012, null, '0001-01-01', null,
         '1970-01-01 00:00:00+00', false, 1e-300, '', 0, null, null);
        insert into typed (id, pclass, sex, age) values (9, 2, 'a, "b"', 'twenty')""")
    # As a person would type it.
    command = [str(Path(sys.executable).with_name("dai-nifi")), "deploy", "batch-database", "--name", "typed"]
    given = [word for name, value in parameters.items() for word in ("--param", f"{name}={value}")]
    done = subprocess.run(
        [*command, "--url", nifi.url, "--json", "--model", str(titanic), *given], check=True, capture_output=True
    )
    assert (json.loads(done.stdout)["action"], json.loads(done.stdout)["running"]) == ("created", True)
    assert PASSWORD not in (done.stdout + done.stderr).decode()
    try:
        wait(lambda: database.count("typed_scores") == 2 and database.count("typed_rejected") == 1)
        columns = f"id,{KEPT}"
        assert database.ask(f"select {columns} from typed_scores order by id") == database.ask(
            f"select {columns} from typed where id <> 9 order by id"
        )
        assert agree(database, "typed", titanic_scorer, "true") == 2
        assert database.ask("select * from typed_rejected") == [
            {
                "id": "9",
                "sex": 'a, "b"',
                "_reject_code": "not_a_number",
                "_reject_column": "age",
                "_reject_value": "twenty",
            }
        ]
        before = database.ask("update typed_scores set note = 'mine' where id = 7 returning written")
        database.ask("insert into typed (id, sex, age) values (9007199254740994, 'male', '40')")
        wait(lambda: database.count("typed_scores") == 3)
        assert database.ask("select written from typed_scores where note = 'mine'") == before
        monkeypatch.delenv("DATABASE_PASSWORD")
        again = deploy(Request("batch-database", titanic, name="typed", parameters=parameters))
        assert (again.action, again.changes) == ("unchanged", [])
    finally:
        undeploy("typed", force=True)


def test_what_the_database_lacks_is_said_before_anything_runs(
    nifi: NiFi, database: Postgres, titanic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = tables(database, "lacking")
    database.ask("create table no_key (id bigint); create table no_reason (id bigint primary key, _reject_code text)")

    def refused(**changed: str) -> str:
        given = {**right, **{name.replace("_", "."): value for name, value in changed.items()}}
        with pytest.raises(InvalidFlowError) as error:
            deploy(Request("batch-database", titanic, name="lacking", parameters=given, keep=True))
        assert status("lacking").state == "stopped"
        return str(error.value)

    try:
        assert re.search(r"a connection:.*\n.*refused", refused(database_url="jdbc:postgresql://127.0.0.1:1/postgres"))
        elsewhere = f"{database.url.rpartition('/')[0]}/nowhere"
        assert re.search(r'a connection:\n.*"nowhere" does not exist', refused(database_url=elsewhere))
        assert re.search(r'source\.table absent:\n.*"absent" does not exist', refused(source_table="absent"))
        assert re.search(r'source\.table.*\n.*column "ident" does not exist', refused(key_column="ident"))
        assert re.search(r'target\.table public\.absent:\n.*"public.absent"', refused(target_table="absent"))
        assert re.search(r"primary key of target\.table.*\n.*no unique", refused(target_table="no_key"))
        assert re.search(r'rejected\.table.*\n.*"_reject_column"', refused(rejected_table="no_reason"))
        monkeypatch.setenv("DATABASE_PASSWORD", "not-the-password")
        assert re.search(r'a connection:\n.*password authentication failed for user "scorer"', refused())
        with pytest.raises(UsageError, match="DATABASE_PASSWORD") as secret:
            deploy(
                Request(
                    "batch-database",
                    titanic,
                    name="lacking",
                    parameters={"database.url": f"{database.url}?password=x1y2"},
                )
            )
        assert "x1y2" not in str(secret.value)
        exported = str(nipyapi.nifi.ProcessGroupsApi().export_process_group(deployed.find("lacking").id))
        assert "key.column" in exported
        assert "not-the-password" not in exported
        monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)
        mended = deploy(Request("batch-database", name="lacking", parameters=right))
        assert mended.running
        assert "Asked by" not in str([one.component.name for one in deployed.processors(mended.id or "")])
    finally:
        undeploy("lacking", force=True)
    assert PASSWORD not in nifi.log()
    assert "not-the-password" not in nifi.log()


def test_pages_that_cannot_be_scored_or_written_wait_until_they_can(
    nifi: NiFi, database: Postgres, titanic: Path, titanic_scorer: Scorer, samples: Path
) -> None:
    parameters = {**tables(database, "waiting", kept=", ticket varchar(3)"), "kept.columns": "ticket"}
    database.ask(MANY.format(table="waiting", rows=100) + "; alter table waiting_scores drop column survived_1")
    database.ask("update waiting set ticket = 'a very private ticket' where id = 50")
    deploy(Request("batch-database", samples / "penguins.mojo", name="waiting", parameters=parameters))
    try:
        wait(lambda: "missing from the records" in told("waiting", "Score records"))
        deploy(Request("batch-database", titanic, name="waiting"))
        wait(lambda: "Record Field [survived_1] not mapped" in told("waiting", "Write scores"))
        assert (status("waiting").queued_flowfiles, database.count("waiting_scores")) == (1, 0)
        database.ask("alter table waiting_scores add column survived_1 double precision")
        wait(lambda: "value too long" in told("waiting", "Write scores"))
        assert "private" not in told("waiting", "Write scores") + nifi.log()
        database.ask("alter table waiting_scores alter column ticket type text")
        wait(lambda: database.count("waiting_scores") == 100)
        assert agree(database, "waiting", titanic_scorer, "true") == 100
    finally:
        undeploy("waiting", force=True)


def told(name: str, source: str) -> str:
    return "\n".join(one.message for one in status(name).bulletins if one.source == source)


def test_a_database_that_goes_away_is_waited_for(
    nifi: NiFi, database: Postgres, titanic: Path, titanic_scorer: Scorer
) -> None:
    rows = 100_000
    deploy(
        Request("batch-database", titanic, name="away", parameters={**tables(database, "away"), "page.rows": "5000"})
    )
    try:
        database.ask(MANY.format(table="away", rows=rows))
        wait(lambda: database.count("away_scores") > 0)
        database.stop()
        try:
            wait(lambda: told("away", "Write scores") or told("away", "Take new rows"))
        finally:
            database.start()
        wait(lambda: database.count("away_scores") == rows)
        assert agree(database, "away", titanic_scorer, "s.id % 97 = 0") == rows // 97
        assert database.count("away_rejected") == 0
    finally:
        undeploy("away", force=True)


def test_nifi_killed_in_the_middle_loses_no_row_and_doubles_none(
    nifi: NiFi, database: Postgres, titanic: Path, titanic_scorer: Scorer, java_nar: Path, tmp_path: Path
) -> None:
    # So many pages that a quick machine is not through before it can be killed.
    rows = 50_000
    parameters = {**tables(database, "killed"), "page.rows": "100"}
    database.ask(MANY.format(table="killed", rows=rows))
    database.ask("update killed set age = 'old' where id % 1000 = 0")
    local = LocalNiFi(tmp_path / "nifi")
    try:
        running = local.start(port=0)
        connect(running.url.removesuffix("/nifi"))
        install(java_nar, quiet)
        deploy(Request("batch-database", titanic, name="killed", parameters=parameters))
        wait(lambda: database.count("killed_scores") > 0)
        assert running.pid is not None
        os.kill(running.pid, signal.SIGKILL)
        # A start while it is still ending would wait for it, and be told that it ended.
        wait(lambda: not local.status().running)
        assert database.count("killed_scores") < rows * 0.9, "it was killed too late to tell anything"
        connect(local.start(port=0).url.removesuffix("/nifi"))
        wait(lambda: database.count("killed_scores") + database.count("killed_rejected") == rows)
        wait(lambda: status("killed").queued_flowfiles == 0)
        assert database.count("killed_rejected") == rows // 1000
        lost = "select id from killed except (select id from killed_scores union all select id from killed_rejected)"
        assert database.ask(lost) == []
        assert agree(database, "killed", titanic_scorer, "s.id % 97 = 0") == rows // 97 - rows // 97000
    finally:
        local.stop()
        connect(nifi.url)


def test_many_rows_in_pages_of_the_usual_size(
    nifi: NiFi, database: Postgres, titanic: Path, titanic_scorer: Scorer, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = 250_000
    parameters = tables(database, "many")
    database.ask(MANY.format(table="many", rows=rows))
    deploy(Request("batch-database", titanic, name="many", parameters=parameters, start=False))
    try:
        began = time.monotonic()
        assert deploy(Request("batch-database", name="many")).running
        wait(lambda: database.count("many_scores") == rows, 900)
        seconds = time.monotonic() - began
        with capsys.disabled():
            print(f"\nbatch-database: {rows:,} rows in {seconds:.0f} s, {rows / seconds:,.0f} rows/s")
        assert agree(database, "many", titanic_scorer, "s.id % 997 = 0") == rows // 997
        assert database.count("many_rejected") == 0
    finally:
        undeploy("many", force=True)
