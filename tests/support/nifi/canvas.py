"""Process groups, processors and queues on the canvas of a real NiFi."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import nipyapi

from dai_nifi.errors import (
    InvalidFlowError,
)
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.canvas.properties import set_of_processor, set_of_service
from dai_nifi.operations.deployment.removal import queued
from dai_nifi.waiting import wait_until
from tests.support.waiting import PATIENCE, until, wait_for


def score_processors() -> list[Any]:
    return [p for p in nipyapi.canvas.list_all_processors() if p.component.type.startswith("Score")]


def stop_scoring(name: str) -> None:
    flow = deployed.find(name)
    ids = [one.id for one in deployed.processors(flow.id) if one.component.name == "Score records"]
    nipyapi.canvas.schedule_processor(ids[0], False)
    wait_until(
        lambda: nipyapi.canvas.get_processor(ids[0], "id").component.state == "STOPPED" or None,
        PATIENCE,
        lambda: InvalidFlowError("the scorer does not stop"),
    )


def wait_for_queue(name: str, flowfiles: int) -> None:
    flow = deployed.find(name)
    wait_until(
        lambda: queued(flow) == flowfiles or None,
        PATIENCE,
        lambda: InvalidFlowError(f"{queued(flow)} are queued in {name}"),
    )


def assets(name: str) -> set[str]:
    found = {one["name"] for one in nipyapi.parameters.list_assets(deployed.find(name).context_id)}
    return {one for one in found if not one.startswith("dai-nifi-template-")}


RELATIONSHIPS = {"success", "rejected", "failure", "original"}


class Canvas:
    """A process group of tests: text in, FlowFiles by relationship out.

    A scoring processor is made once of each kind, and gets other properties for each text: to make one starts a Python
    process, which takes seconds.
    """

    def __init__(self) -> None:
        root = nipyapi.canvas.get_process_group(nipyapi.canvas.get_root_pg_id(), "id")
        self.group = nipyapi.canvas.create_process_group(root, f"test {time.monotonic_ns()}", (0.0, 0.0))
        self.sinks: dict[str, Any] = {}
        """The connection of each relationship of the scoring processor that was used last."""
        self._scorers: dict[str, tuple[str, dict[str, Any]]] = {}
        self._sources: list[tuple[str, str]] = []
        self._services: dict[str, str] = {}

    def processor(
        self,
        kind: str,
        properties: dict[str, str | None],
        at: tuple[float, float] = (0.0, 0.0),
        dynamic: dict[str, str] | None = None,
        **config: Any,
    ) -> Any:
        types = nipyapi.canvas.list_all_processor_types().processor_types
        (found,) = (t for t in types if t.type.rpartition(".")[2] == kind)
        # The properties of a Python processor are known only when its process has loaded it, and have one name.
        ours = kind.startswith("Score")
        given = {**config, "properties": properties if ours else dynamic or {}}
        made = nipyapi.canvas.create_processor(
            self.group, found, at, name=kind, config=nipyapi.nifi.ProcessorConfigDTO(**given)
        )
        if properties and not ours:
            set_of_processor(made.id, properties)
        # A Python processor has no relationships until its process has loaded it.
        return until(lambda: (p := nipyapi.canvas.get_processor(made.id, "id")).component.relationships and p)

    def scorer(self, properties: dict[str, str | None], kind: str = "ScoreJavaMojo") -> Any:
        """The scoring processor of this kind, stopped and with empty queues; other properties have their defaults."""
        if kind not in self._scorers:
            made = self.processor(kind, properties)
            sinks = {}
            for relationship in sorted(RELATIONSHIPS):
                sink = self.processor("UpdateAttribute", {}, auto_terminated_relationships=["success"])
                sinks[relationship] = nipyapi.canvas.create_connection(made, sink, [relationship])
            self._scorers[kind] = made.id, sinks
            self.sinks = sinks
            return made
        scorer, self.sinks = self._scorers[kind]
        self._clear()
        found = stopped(scorer)
        # By their values: NiFi does not take a required property away.
        defaults = {name: one.default_value for name, one in found.component.config.descriptors.items()}
        config = nipyapi.nifi.ProcessorConfigDTO(properties={**defaults, **properties})
        return nipyapi.canvas.update_processor(found, config)

    def _clear(self) -> None:
        """Stop what runs and remove what the last text came from, with every FlowFile."""
        for scorer, _ in self._scorers.values():
            stopped(scorer)
        for source, connection in self._sources:
            stopped(source)
            nipyapi.canvas.purge_connection(connection)
            nipyapi.canvas.delete_connection(nipyapi.nifi.ConnectionsApi().get_connection(connection))
            nipyapi.canvas.delete_processor(nipyapi.canvas.get_processor(source, "id"))
        self._sources.clear()
        for connection in self.sinks.values():
            nipyapi.canvas.purge_connection(connection.id)

    def validation(self, processor: Any) -> tuple[str, list[str]]:
        def settled() -> Any:
            found = nipyapi.canvas.get_processor(processor.id, "id").component
            errors = str(found.validation_errors)
            loading = "Initializing runtime" in errors or "process of loading" in errors
            return None if found.validation_status == "VALIDATING" or loading else found

        found = until(settled)
        return found.validation_status, found.validation_errors or []

    def score(
        self,
        text: str,
        properties: dict[str, str | None],
        kind: str = "ScoreJavaMojo",
        attributes: dict[str, str] | None = None,
    ) -> dict[str, list[Any]]:
        """Send one text through a processor: the FlowFiles of each relationship, as listing entries."""
        config: dict[str, str | None] = {
            "File Size": "0B",
            "Data Format": "Text",
            "Unique FlowFiles": "false",
            # NiFi takes no empty text; without one the size says it.
            "Custom Text": text or None,
            "Mime Type": "text/csv",
        }
        source = self.processor("GenerateFlowFile", config, dynamic=attributes, scheduling_period="1 day")
        return self._send(source, properties, kind)

    def score_file(self, folder: Path, data: bytes, properties: dict[str, str | None]) -> dict[str, list[Any]]:
        """Send the bytes of a file through ScoreJavaMojo, by way of an empty folder."""
        return self.score_files(folder, {"input": data}, properties)

    def score_files(
        self, folder: Path, files: dict[str, bytes], properties: dict[str, str | None]
    ) -> dict[str, list[Any]]:
        """The same of several files, up to 100, by their names: all wait together."""
        for name, data in files.items():
            (folder / name).write_bytes(data)
        config: dict[str, str | None] = {"Input Directory": str(folder), "Batch Size": "100"}
        source = self.processor("GetFile", config, scheduling_period="1 day")
        return self._send(source, properties, "ScoreJavaMojo", len(files))

    def service(self, kind: str, properties: dict[str, str]) -> str:
        """An enabled controller service; its id is the value of a property that wants one."""
        wanted = f"{kind} {sorted(properties.items())}"
        if wanted in self._services:
            return self._services[wanted]
        (found,) = (t for t in nipyapi.canvas.list_all_controller_types() if t.type.endswith(f".{kind}"))
        made = nipyapi.canvas.create_controller(self.group, found)
        made = set_of_service(made.id, properties)
        nipyapi.canvas.schedule_controller(made, True)
        self._services[wanted] = str(made.id)
        return self._services[wanted]

    def json_services(self) -> dict[str, str | None]:
        """The properties of a scoring processor whose records NiFi's services for JSON read and write."""
        services = {"Record Reader": "JsonTreeReader", "Record Writer": "JsonRecordSetWriter"}
        return {name: self.service(kind, {}) for name, kind in services.items()}

    def _send(self, source: Any, properties: dict[str, str | None], kind: str, count: int = 1) -> dict[str, list[Any]]:
        score = self.scorer(properties, kind)
        self._sources.append((source.id, nipyapi.canvas.create_connection(source, score, ["success"]).id))
        assert wait_for(lambda: self.validation(score)[0] == "VALID"), self.validation(score)[1]
        for processor in (score, source):
            nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(processor.id, "id"), True)

        def queued() -> dict[str, list[Any]]:
            return {relationship: listed(connection.id) for relationship, connection in self.sinks.items()}

        return until(lambda: (f := queued()) and len(f["original"]) + len(f["failure"]) == count and f)

    def content(self, relationship: str, flowfile: Any) -> str:
        return content_of(self.sinks[relationship].id, flowfile).decode()

    def remove(self) -> None:
        nipyapi.canvas.delete_process_group(self.group, force=True)


def listed(connection: str) -> list[Any]:
    """The FlowFiles of a queue with their attributes, at most 100, in its order."""
    queues = nipyapi.nifi.FlowFileQueuesApi()
    request = queues.create_flow_file_listing(connection).listing_request
    until(lambda: queues.get_listing_request(connection, request.id).listing_request.finished)
    listing = queues.get_listing_request(connection, request.id).listing_request
    queues.delete_listing_request(connection, request.id)
    return [queues.get_flow_file(connection, one.uuid).flow_file for one in listing.flow_file_summaries or []]


def content_of(connection: str, flowfile: Any) -> bytes:
    """The contents of a FlowFile in a queue."""
    if not flowfile.size:
        # NiFi answers 409.
        return b""
    api = nipyapi.nifi.FlowFileQueuesApi()
    response = api.download_flow_file_content(connection, flowfile.uuid, _preload_content=False)
    return bytes(response.read())


def stopped(processor_id: str) -> Any:
    """Stop a processor and wait until it is; returns it as it is then."""

    def found() -> Any:
        now = nipyapi.canvas.get_processor(processor_id, "id")
        ended = now.component.state == "STOPPED" and not now.status.aggregate_snapshot.active_thread_count
        return now if ended else None

    if found() is None:
        nipyapi.canvas.schedule_processor(processor_id, False)
    return until(found)


def bulletins(canvas: Canvas, source: str) -> list[str]:
    """What NiFi shows of a component of the group, by its name."""
    board = nipyapi.nifi.FlowApi().get_bulletin_board(group_id=canvas.group.id).bulletin_board
    return [one.bulletin.message for one in board.bulletins if one.bulletin and one.bulletin.source_name == source]


def model_only(path: Path | str) -> dict[str, str | None]:
    return {"Model File": str(path)}


def score_processor(canvas: Canvas, model: Path, **further: str) -> Any:
    """A ScoreJavaMojo of which nothing has to be connected but what comes in."""
    properties = {**model_only(model), **further}
    return canvas.processor("ScoreJavaMojo", properties, auto_terminated_relationships=sorted(RELATIONSHIPS))
