"""The flows that are measured in a real NiFi, and how."""

from __future__ import annotations

import csv
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nipyapi

from dai_nifi.errors import ToolError
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.deploy import Request, deploy
from dai_nifi.nars import archive

_WAIT_SECONDS = 300.0


def derived_nar(java_nar: Path, module: Path, target: Path) -> None:
    """An archive with the packages and jars of the processor's, and another module instead of its own."""
    with zipfile.ZipFile(java_nar) as nar:
        entries: dict[str, Path | bytes] = {
            name: nar.read(name)
            for name in nar.namelist()
            if "/" in name and not name.endswith("/") and name != "META-INF/MANIFEST.MF"
        }
    entries[module.name] = module
    archive.write(target, archive.manifest("org.apache.nifi", f"bench-{module.stem}-nar", "0.1.0"), entries)


@dataclass(frozen=True)
class Flow:
    """A flow from a folder to a folder, and the processor in it that is measured."""

    input: Path
    output: Path
    processor: str

    def measure(self, source: Path, files: int) -> tuple[float, float]:
        """Send a file so often: the seconds that the processor worked, and those from first to last, per file."""
        for path in self.output.glob("*"):
            path.unlink()
        before, began = self._worked(), time.perf_counter()
        for number in range(files):
            part = self.input / f".{number}"
            shutil.copyfile(source, part)
            part.rename(self.input / f"{number}{source.suffix}")
        until(lambda: len([p for p in self.output.glob(f"*{source.suffix}") if not p.name.startswith(".")]) == files)
        wall = time.perf_counter() - began
        # NiFi adds a task to its statistics when it is over, a moment after its FlowFile has left.
        until(lambda: self._worked()[1] - before[1] >= files)
        return (self._worked()[0] - before[0]) / files, wall / files

    def _worked(self) -> tuple[float, int]:
        snapshot = nipyapi.nifi.ProcessorsApi().get_processor(self.processor).status.aggregate_snapshot
        return snapshot.tasks_duration_nanos / 1e9, snapshot.flow_files_in


def until(done: Callable[[], Any]) -> Any:
    """Wait for something to become true."""
    end = time.monotonic() + _WAIT_SECONDS
    while not (value := done()):
        if time.monotonic() > end:
            raise ToolError(f"the benchmark waited {_WAIT_SECONDS:.0f} s in vain; look at the bulletins of its NiFi")
        time.sleep(0.02)
    return value


def batch_files(model: Path, folder: Path, runtime: str = "java", further: Mapping[str, str] | None = None) -> Flow:
    """The project's own flow, deployed as a user deploys it."""
    folders = {kind: folder / kind for kind in ("input", "output", "rejected", "failed")}
    for path in folders.values():
        path.mkdir(parents=True)
    parameters = {f"{kind}.directory": str(path) for kind, path in folders.items()}
    parameters |= {"minimum.age": "0 sec", **(further or {})}
    done = deploy(Request("batch-files", model, runtime, name=f"bench {runtime}", parameters=parameters))
    wanted = RUNTIMES[runtime].processor
    (processor,) = (p for p in nipyapi.canvas.list_all_processors(done.id) if p.component.type == wanted)
    return Flow(folders["input"], folders["output"], processor.id)


def by_services(model: Path, folder: Path) -> Flow:
    """The same from folder to folder with NiFi's CSV services."""
    return _between_folders("ScoreJavaMojo", model, folder, ["original", "failure", "rejected"])


def by_record(model: Path, folder: Path) -> Flow:
    """The same with NiFi's RecordTransform, which needs these services."""
    return _between_folders("ScoreByRecord", model, folder, ["original", "failure"])


def _between_folders(kind: str, model: Path, folder: Path, ends: list[str]) -> Flow:
    source, target = folder / "input", folder / "output"
    source.mkdir(parents=True)
    target.mkdir()
    root = nipyapi.canvas.get_process_group(nipyapi.canvas.get_root_pg_id(), "id")
    group = nipyapi.canvas.create_process_group(root, f"{kind} with services", (600.0, 0.0))
    reader, writer = _service(group, "CSVReader"), _service(group, "CSVRecordSetWriter")
    take = _processor(group, "GetFile", {"Input Directory": str(source), "Keep Source File": "false"})
    properties = {"Model File": str(model), "Record Reader": reader, "Record Writer": writer}
    score = _processor(group, kind, properties)
    put = _processor(group, "PutFile", {"Directory": str(target)}, ["success", "failure"])
    nipyapi.canvas.create_connection(take, score, ["success"])
    nipyapi.canvas.create_connection(score, put, ["success"])
    config = nipyapi.nifi.ProcessorConfigDTO(auto_terminated_relationships=ends)
    nipyapi.canvas.update_processor(_fresh(score), config)
    until(lambda: _fresh(score).component.validation_status == "VALID")
    for processor in (put, score, take):
        nipyapi.canvas.schedule_processor(_fresh(processor), True)
    return Flow(source, target, score.id)


def _service(group: Any, kind: str) -> str:
    (found,) = (t for t in nipyapi.canvas.list_all_controller_types() if t.type.endswith(f".{kind}"))
    made = nipyapi.canvas.create_controller(group, found)
    nipyapi.canvas.schedule_controller(made, True)
    return str(made.id)


def _processor(group: Any, kind: str, properties: dict[str, str], done: list[str] | None = None) -> Any:
    types = nipyapi.canvas.list_all_processor_types().processor_types
    (found,) = (t for t in types if t.type.rpartition(".")[2] == kind)
    config = nipyapi.nifi.ProcessorConfigDTO(
        properties=properties, scheduling_period="0 sec", auto_terminated_relationships=done or []
    )
    made = nipyapi.canvas.create_processor(group, found, (0.0, 0.0), name=kind, config=config)
    # A Python processor has no relationships until its process has loaded it.
    return until(lambda: (p := _fresh(made)).component.relationships and p)


def _fresh(processor: Any) -> Any:
    return nipyapi.canvas.get_processor(processor.id, "id")


def scores(flow: Flow, column: str) -> list[float]:
    """The predictions in one of the files that a flow wrote last."""
    with next(iter(sorted(flow.output.glob("*.csv")))).open(newline="") as file:
        return [float(row[column]) for row in csv.DictReader(file)]
