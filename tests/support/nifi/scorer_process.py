"""The Python process of a scoring processor, and the workers below it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import nipyapi

from dai_nifi.operations.models import processor_state
from dai_nifi.operations.status import status
from tests.support.nifi.batch_flow import Folders
from tests.support.waiting import until


def scorer_of(group: str) -> Any:
    """The scoring processor of a deployed flow."""
    found = nipyapi.canvas.list_all_processors(status(group).id)
    return next(one for one in found if one.component.type.startswith("Score"))


def process_of(processor: Any) -> int:
    """The Python process of a processor that runs, by its own word."""
    return int(until(lambda: processor_state.read(processor.id).first("python.process")))


def kill(processor: Any) -> int:
    """Kill the process of a processor; returns which that was."""
    pid = process_of(processor)
    os.kill(pid, signal.SIGKILL)
    return pid


def set_tasks(processor: Any, tasks: int) -> None:
    nipyapi.canvas.schedule_processor(processor, False)
    stopped = nipyapi.canvas.get_processor(processor.id, "id")
    nipyapi.canvas.update_processor(stopped, nipyapi.nifi.ProcessorConfigDTO(concurrently_schedulable_task_count=tasks))
    nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(processor.id, "id"), True)


def check_that_a_kill_fails_nothing(folders: Folders, rows: bytes, tasks: int, files: int) -> None:
    """Kill the process of a batch-files flow's processor while files come: each must be scored, and as before."""
    scorer = scorer_of(folders.name)
    set_tasks(scorer, tasks)
    folders.put(f"first-{tasks}.csv", rows)
    expected = folders.wait(folders.output / f"first-{tasks}.csv")
    for number in range(files):
        folders.put(f"{tasks}-{number}.csv", rows)
        if number == files // 3:
            kill(scorer)
        time.sleep(0.01)
    for number in range(files):
        assert folders.wait(folders.output / f"{tasks}-{number}.csv") == expected
    assert not list(folders.failed.glob(f"{tasks}-*"))


def workers(program: bytes = b"python_pipeline/child/child.py") -> set[int]:
    """The processes that run a worker's program out of an archive; those of other tests run it out of the source."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = ((path / name).read_bytes() for name in ("cmdline", "environ"))
        except OSError:
            continue
        known = b"bundled-dependencies" in command + environment
        if known and any(word.endswith(program) for word in command.split(b"\0")):
            found.add(int(path.name))
    return found
