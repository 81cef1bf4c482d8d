"""ScoreCppMojo in a real NiFi."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import nipyapi
import pytest

from dai_nifi.archives.install import install
from dai_nifi.operations.undeploy import undeploy
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi.batch_flow import deploy_batch
from tests.support.nifi.instance import NiFi
from tests.support.nifi.scorer_process import check_that_a_kill_fails_nothing, workers
from tests.support.project import quiet

pytestmark = pytest.mark.nifi


def test_files_are_scored_on_the_cpp_runtime(nifi: NiFi, cpp_nar: Path, titanic: Path, tmp_path: Path) -> None:
    assert install(cpp_nar, quiet).processors == ("ScoreCppMojo",)
    folders = deploy_batch("cpp-batch", titanic, tmp_path / "batch", "cpp")
    try:
        rows = [GOLDEN_ROW, {**GOLDEN_ROW, "age": "old"}]
        folders.put("rows.csv", "\n".join(",".join(row) for row in [[*GOLDEN_ROW], *(list(r.values()) for r in rows)]))
        (scored,) = csv.DictReader(io.StringIO(folders.wait(folders.output / "rows.csv").decode()))
        assert (float(scored["survived.0"]), float(scored["survived.1"])) == GOLDEN_SCORE
        (rejected,) = csv.DictReader(io.StringIO(folders.wait(folders.rejected / "rows.csv").decode()))
        assert (rejected["_reject_column"], rejected["_reject_value"]) == ("age", "old")
        # So many rows are scored by workers, which have to find their packages in the archive.
        many = "\n".join(",".join(row) for row in [[*GOLDEN_ROW], *([list(GOLDEN_ROW.values())] * 5_000)])
        folders.put("many.csv", many)
        found = list(csv.DictReader(io.StringIO(folders.wait(folders.output / "many.csv").decode())))
        assert len(found) == 5_000
        assert {(float(one["survived.0"]), float(one["survived.1"])) for one in found} == {GOLDEN_SCORE}
        assert workers(b"runtimes.cpp.child")
        (scorer,) = (p for p in nipyapi.canvas.list_all_processors() if p.component.type == "ScoreCppMojo")
        assert scorer.component.validation_status == "VALID"
        one = f"{','.join(GOLDEN_ROW)}\n{','.join(GOLDEN_ROW.values())}\n"
        check_that_a_kill_fails_nothing(folders, one.encode(), 2, 100)
    finally:
        undeploy("cpp-batch", force=True)
    assert "cpp/src" not in nifi.log()
