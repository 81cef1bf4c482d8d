"""Runs that begin while another one writes, that come from another source, or whose first rows are all rejected."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dai_routes.database.adbc.postgresql import PostgreSQL
from dai_routes.database.contract import TableName
from dai_routes.database.errors import ConflictError
from dai_routes.database.running.progress import Progress, ProgressTable
from dai_routes.database.sqlite import SQLite
from tests.routes.database.support import Command, ask_sqlite, kill_in_the_middle
from tests.support.postgres import Postgres
from tests.support.waiting import until

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


@pytest.mark.parametrize("is_finished", [False, True])
def test_a_run_that_has_seen_old_progress_does_not_put_it_back(
    address: str, server: Postgres, is_finished: bool
) -> None:
    server.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    with closing(PostgreSQL(address)) as one, closing(PostgreSQL(address)) as other, ThreadPoolExecutor(1) as thread:
        first, second = (ProgressTable(database, TableName("scores")) for database in (one, other))
        first.begin(Progress("job"))
        one.commit()
        first.move(Progress("job"), Progress("job", "7", scored=7, is_finished=is_finished))
        # It sees what is committed, and waits for the rest.
        seen = second.load()
        assert seen == Progress("job")
        beginning = thread.submit(second.begin, seen)
        until(lambda: server.ask("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
        one.commit()
        with pytest.raises(ConflictError, match="Another run of dai-score writes scores"):
            beginning.result()
        other.rollback()
        assert first.load() == Progress("job", "7", scored=7, is_finished=is_finished)


def test_a_run_that_has_seen_no_progress_does_not_replace_that_of_another(tmp_path: Path) -> None:
    file = tmp_path / "scores.db"
    with closing(SQLite(file, must_exist=False)) as one, closing(SQLite(file)) as other:
        first, second = (ProgressTable(database, TableName("scores")) for database in (one, other))
        assert second.load() is None
        other.commit()
        first.begin(Progress("job"))
        one.commit()
        with pytest.raises(ConflictError, match="Another run of dai-score writes scores"):
            second.begin(Progress("job"))


def test_rows_that_are_all_rejected_are_there_once_after_a_kill(file: Path, samples: Path) -> None:
    ask_sqlite(
        file,
        "CREATE TABLE many AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999) "
        "SELECT i AS k, p.* FROM n JOIN penguins p ON p.id = i % 348",
    )
    ask_sqlite(file, "UPDATE many SET body_mass_g = 'heavy' WHERE k < 15000")
    words = ["table", "-m", str(samples / "penguins.mojo"), "--source", f"sqlite:///{file}", "--table", "many"]
    command = [sys.executable, "-m", "dai_scoring.cli", *words, "--key", "k", "--target", "scores", "--chunk", "500"]
    kill_in_the_middle(command, 3)
    subprocess.run(command, capture_output=True, check=True)
    assert ask_sqlite(file, "SELECT k FROM scores_rejected ORDER BY k") == [(row,) for row in range(15_000)]
    assert ask_sqlite(file, "SELECT k FROM scores ORDER BY k") == [(row,) for row in range(15_000, 20_000)]
