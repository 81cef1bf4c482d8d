"""The Python process of a processor is killed, as a system short of memory does: nothing fails, and it scores again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import nipyapi
import pytest

from dai_nifi.flows.undeploy import undeploy
from tests.nifi.conftest import NiFi, deploy_batch

pytestmark = pytest.mark.nifi

_FILES = 300


def _processes(nifi: NiFi, environment: bytes) -> list[int]:
    """The Python processes of that NiFi that have a text in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == nifi.running.pid and environment in (path / "environ").read_bytes():
                found.append(int(path.name))
        except (OSError, ValueError):
            continue
    return found


def test_a_killed_process_fails_no_flowfile(nifi: NiFi, samples: Path, tmp_path: Path) -> None:
    folders = deploy_batch("killed", samples / "penguins.mojo", tmp_path)
    try:
        (scorer,) = (
            p
            for p in nipyapi.canvas.list_all_processors()
            if p.component.type == "ScoreJavaMojo" and _is_of(p, "killed")
        )
        nipyapi.canvas.schedule_processor(scorer, False)
        scorer = nipyapi.canvas.get_processor(scorer.id, "id")
        nipyapi.canvas.update_processor(scorer, nipyapi.nifi.ProcessorConfigDTO(concurrently_schedulable_task_count=2))
        nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(scorer.id, "id"), True)
        rows = (samples / "penguins-rows.csv").read_bytes()
        folders.put("first.csv", rows)
        expected = folders.wait(folders.output / "first.csv")
        for number in range(_FILES):
            folders.put(f"{number}.csv", rows)
            if number == _FILES // 3:
                for pid in _processes(nifi, b"ScoreJavaMojo"):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        for number in range(_FILES):
            assert folders.wait(folders.output / f"{number}.csv", 120) == expected
        assert not list(folders.failed.iterdir())
    finally:
        undeploy("killed", force=True)


def _is_of(processor: object, group: str) -> bool:
    parent = nipyapi.canvas.get_process_group(processor.component.parent_group_id, "id")  # type: ignore[attr-defined]
    return bool(parent.component.name == group)
