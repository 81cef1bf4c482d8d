"""One FlowFile through NiFi's public API for Python: for a NiFi that does not let the helper in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nifiapi.flowfiletransform import FlowFileTransformResult

from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import BadRowsError
from dai_scoring.options import BadRows
from dai_scoring.service import Request, Response, ScoringService
from dai_scoring_nifi.bridge import encoding
from dai_scoring_nifi.flowfiles import attributes
from dai_scoring_nifi.flowfiles.batch import Outcome, TakenFlowFile

_NO_SERVICES = "-this NiFi does not let a Python processor reach its process session"


class NoRecords:
    """Says that record services cannot be used: they would need the process session."""

    def open_records(self, wanted: encoding.Writer, fields: Path) -> str:
        """The reason why it is not possible."""
        return _NO_SERVICES

    def next_records(self, results: Path, request: encoding.Writer, fields: Path) -> str:
        """The reason why it is not possible."""
        return _NO_SERVICES

    def columns_of_records(self, columns: Path) -> str:
        """The reason why it is not possible."""
        return _NO_SERVICES

    def close_records(self) -> None:
        """Nothing to do: none are open."""


class PublicApiBatch:
    """One FlowFile: slow, whole in memory, and without further FlowFiles."""

    can_add = False

    def __init__(self, flowfile: Any) -> None:
        given = {name: flowfile.getAttribute(name) for name in attributes.READ}
        found = {name: value for name, value in given.items() if value is not None}
        self.items = [TakenFlowFile(0, flowfile.getSize(), found, flowfile.getContentsAsBytes())]

    def export(self, item: TakenFlowFile, path: Path) -> None:
        """Write the contents, which are in memory already."""
        path.write_bytes(item.contents or b"")

    def send(self, outcomes: Sequence[Outcome]) -> Any:
        """The result that NiFi reads over the bridge."""
        outcome = outcomes[0]
        contents = outcome.contents
        if isinstance(contents, Path):
            contents = contents.read_bytes()
        return FlowFileTransformResult(outcome.relationship, outcome.attributes, contents)

    def records(self, item: TakenFlowFile, following: TakenFlowFile | None) -> NoRecords:
        """What says that records cannot be read."""
        return NoRecords()

    def give_back(self) -> None:
        """Nothing to do: NiFi has kept the FlowFile all the time."""


def respond_with_one(service: ScoringService, options: FileOptions, request: Request) -> Response:
    """Score a request where only one FlowFile can be sent on.

    If some rows can be scored and others cannot, the whole request fails; if none can, the response has them all.
    """
    if options.bad_rows is not BadRows.REJECT or request.keeps_rows:
        return service.respond(request)
    response = service.respond(replace(request, options=replace(options, bad_rows=BadRows.FAIL)))
    if response.failure is None or response.failure.code != BadRowsError.code:
        return response
    found = service.respond(request)
    if found.first_reject_if_none_scored is not None:
        return found
    found.discard()
    return response
