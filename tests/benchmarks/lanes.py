"""A processor of NiFi behind a queue that is filled while the processor is stopped, and then timed.

A file becomes one FlowFile, which DuplicateFlowFile multiplies: the copies share their contents, so that thousands
are queued in a moment. What comes out waits in a queue too and is counted: nothing that failed is taken for scored.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nipyapi
import urllib3

from dai_nifi.errors import ToolError
from dai_nifi.flows.builder import Flow
from dai_nifi.flows.parts import Bundle, Connection, Processor, Service
from tests.benchmarks import canvas

_STANDARD = "org.apache.nifi.processors.standard."
_FACTORY = "org.apache.nifi.serialization."
_SERVICES = Bundle("nifi-record-serialization-services-nar")
_APIS = Bundle("nifi-standard-services-api-nar")
# NiFi's statistics are sums over this time, so what happened so long ago leaves a sum while another is taken.
_WINDOW_SECONDS = 300.0
# Each look costs NiFi milliseconds of what is measured, so there are few until the end is near.
_POLL_SECONDS = 0.04
# So does each processor that only waits, of all lanes.
_SELDOM = "50 ms"
_LONGEST_SECONDS = 3600.0


def csv_services() -> dict[str, Service]:
    """NiFi's CSV reader and writer as they are, by the property that refers to them."""
    return {
        "Record Reader": Service(
            "Reader", "org.apache.nifi.csv.CSVReader", _SERVICES, _FACTORY + "RecordReaderFactory", _APIS, {}
        ),
        "Record Writer": Service(
            "Writer",
            "org.apache.nifi.csv.CSVRecordSetWriter",
            _SERVICES,
            _FACTORY + "RecordSetWriterFactory",
            _APIS,
            {},
        ),
    }


@dataclass(frozen=True)
class Step:
    """The processor that is measured."""

    type: str
    properties: Mapping[str, str | Service] = field(default_factory=dict)
    bundle: Bundle = canvas.PYTHON
    auto_terminated: Sequence[str] = ("original", "rejected")

    @staticmethod
    def standard(name: str, properties: Mapping[str, str | Service], auto_terminated: Sequence[str]) -> Step:
        """A processor of NiFi's own."""
        return Step(_STANDARD + name, properties, Bundle("nifi-standard-nar"), auto_terminated=auto_terminated)


@dataclass(frozen=True)
class Burst:
    """Seconds a FlowFile: ``wall`` while the queue is never empty, ``worked`` those of the processor's tasks.

    ``worked`` is None where NiFi's statistics do not tell. ``steady`` is False where ``wall`` has the start in it,
    because most were taken at once.
    """

    wall: float
    worked: float | None
    steady: bool = True


class Lane:
    """A flow on the canvas with one processor to measure."""

    def __init__(self, name: str, step: Step, folder: Path) -> None:
        self._input, self._output = folder / "input", folder / "output"
        self._input.mkdir(parents=True)
        self._output.mkdir()
        take = Processor(
            "Take",
            _STANDARD + "GetFile",
            (0, 0),
            {"Input Directory": str(self._input), "Keep Source File": "false", "Polling Interval": "0 sec"},
            run_schedule=_SELDOM,
        )
        multiply = Processor(
            "Multiply",
            _STANDARD + "DuplicateFlowFile",
            (600, 0),
            {"Number of Copies": "${filename:substringBefore('-')}"},
            run_schedule=_SELDOM,
        )
        measured = Processor(
            "Measured", step.type, (1200, 0), step.properties, step.bundle, auto_terminated=step.auto_terminated
        )
        keep = Processor(
            "Keep",
            _STANDARD + "PutFile",
            (1800, 0),
            {"Directory": str(self._output), "Conflict Resolution Strategy": "replace"},
            auto_terminated=("success", "failure"),
        )
        services = [value for value in step.properties.values() if isinstance(value, Service)]
        flow = Flow(name, "", [], services, [take, multiply, measured, keep])
        unbounded = {"back_pressure_flowfiles": 1_000_000, "back_pressure_bytes": "1 TB"}
        flow.connections = [
            Connection("file", take, ["success"], multiply, **unbounded),
            Connection("waiting", multiply, ["success"], measured, **unbounded),
            Connection("done", measured, ["success"], keep, **unbounded),
        ]
        if "failure" not in step.auto_terminated:
            # To the same processor that is stopped, by another queue: FlowFiles that failed are seen there.
            flow.connections.append(Connection("failed", measured, ["failure"], keep, **unbounded))
        self._name = name
        self._processors = canvas.place(flow)
        self.group = self._processors["Measured"].component.parent_group_id
        made = nipyapi.nifi.ProcessGroupsApi().get_connections(self.group).connections
        self._queues = {one.component.name: one.id for one in made}
        self._tasks = 1
        self._active: list[tuple[float, float]] = []
        self._set("RUNNING", "Take", "Multiply")

    def output_of(self, source: Path) -> bytes:
        """What the processor makes of a file."""
        self.fill(source, 1)
        self._set("RUNNING", "Measured", "Keep")
        written = self._output / f"0-{source.name}"
        canvas.until(written.exists)
        self._set("STOPPED", "Measured", "Keep")
        contents = written.read_bytes()
        written.unlink()
        return contents

    def burst(self, source: Path, copies: int, tasks: int) -> Burst:
        """Queue so many copies of a file, and time how they come out, processed by that many tasks."""
        if tasks != self._tasks:
            config = nipyapi.nifi.ProcessorConfigDTO(concurrently_schedulable_task_count=tasks)
            nipyapi.canvas.update_processor(self._fresh("Measured"), config)
            self._tasks = tasks
        self.fill(source, copies)
        began, before = time.monotonic(), self._statistics()
        self.start()
        wall, steady = self._drained(copies)
        self.stop()
        if (done := self.queued("done")) != copies:
            raise ToolError(f"{self._name}: {done} of {copies} FlowFiles were done; see the NiFi's bulletins")
        worked = self._worked(began, before, copies)
        self._drop("done")
        return Burst(wall, worked, steady)

    def start(self) -> None:
        """Start the processor; NiFi does it when it comes to it."""
        self._schedule("RUNNING", "Measured")

    def stop(self) -> None:
        """Stop the processor, and wait until no task of it is left."""
        self._wait("STOPPED", "Measured")

    def fill(self, source: Path, copies: int) -> None:
        """Queue so many copies of a file before the processor."""
        # The first is passed on beside its copies. NiFi ignores names that begin with a dot.
        part = self._input / f".{source.name}"
        shutil.copyfile(source, part)
        part.rename(self._input / f"{copies - 1}-{source.name}")
        canvas.until(lambda: self.queued("waiting") == copies)

    def _drop(self, queue: str) -> None:
        calls, place = nipyapi.nifi.FlowFileQueuesApi(), self._queues[queue]
        request = calls.create_drop_request(place).drop_request.id
        canvas.until(lambda: calls.get_drop_request(place, request).drop_request.finished)
        calls.remove_drop_request(place, request)

    def _drained(self, copies: int) -> tuple[float, bool]:
        """Seconds a FlowFile, from the first moment at which some are seen to be done to that at which all are.

        And whether that is so: where most were done at once, the seconds are those from the start.
        """
        began = time.perf_counter()
        changes: list[tuple[float, int]] = []
        while not changes or changes[-1][1] < copies:
            # Not those that were taken: a runtime of several processes starts them with the first.
            done = self.queued("done")
            now = time.perf_counter()
            if done > (changes[-1][1] if changes else 0):
                changes.append((now, done))
            if now - began > _LONGEST_SECONDS:
                raise ToolError(f"{self._name}: {done} of {copies} FlowFiles were done in {now - began:.0f} s")
            time.sleep(_pause(changes, copies))
        (first, some), (last, all_of_them) = changes[0], changes[-1]
        if (all_of_them - some) * 2 < copies:
            return (last - began) / copies, False
        return (last - first) / (all_of_them - some), True

    def _worked(self, began: float, before: tuple[float, int], copies: int) -> float | None:
        # NiFi adds a task to its statistics when it is over, a moment after its FlowFile has left.
        clean = all(
            end < began - _WINDOW_SECONDS - 5 or begin > time.monotonic() - _WINDOW_SECONDS + 5
            for begin, end in self._active
        )
        self._active.append((began, time.monotonic()))
        if not clean:
            return None
        seconds, count = self._statistics()
        return (seconds - before[0]) / copies if count - before[1] == copies else None

    def _statistics(self) -> tuple[float, int]:
        snapshot = self._fresh("Measured").status.aggregate_snapshot
        return snapshot.tasks_duration_nanos / 1e9, snapshot.flow_files_in

    def queued(self, queue: str) -> int:
        """How many FlowFiles are in a queue: waiting, done or failed."""
        # nipyapi would take longer to read the answer than NiFi to give it.
        url = f"{nipyapi.config.nifi_config.host}/flow/connections/{self._queues[queue]}/status"
        found = json.loads(_http.request("GET", url).data)
        return int(found["connectionStatus"]["aggregateSnapshot"]["flowFilesQueued"])

    def _set(self, state: str, *names: str) -> None:
        self._schedule(state, *names)
        self._wait(state, *names)

    def _schedule(self, state: str, *names: str) -> None:
        fresh = [self._fresh(name) for name in names]
        body = nipyapi.nifi.ScheduleComponentsEntity(
            id=self.group, state=state, components={one.id: one.revision for one in fresh}
        )
        nipyapi.nifi.FlowApi().schedule_components(body, self.group)

    def _wait(self, state: str, *names: str) -> None:
        """Ask for a state until it is reached and, for STOPPED, no task is left."""

        def reached() -> bool:
            found = [self._fresh(name) for name in names]
            others = [one for one in found if one.component.state != state]
            if others and state == "STOPPED":
                self._schedule(state, *names)
            busy = state == "STOPPED" and any(one.status.aggregate_snapshot.active_thread_count for one in found)
            return not others and not busy

        canvas.until(reached)

    def _fresh(self, name: str) -> Any:
        return nipyapi.nifi.ProcessorsApi().get_processor(self._processors[name].id)


def _pause(changes: Sequence[tuple[float, int]], copies: int) -> float:
    """Seconds until the next look: half of what is left, as far as the changes tell."""
    if len(changes) < 2:
        return _POLL_SECONDS
    (first, some), (last, done) = changes[0], changes[-1]
    return max(_POLL_SECONDS, (last - first) / (done - some) * (copies - done) / 2)


_http = urllib3.PoolManager()
