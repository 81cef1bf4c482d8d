"""FlowFiles as requests to the service: HandleHttpRequest writes what a client asked for into their attributes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from dai_scoring.service import Request
from dai_scoring.service import requests as service_requests
from dai_scoring.service.h2o_rest import endpoint_at
from dai_scoring_nifi.flowfiles.attributes import BAD_ROWS, COLUMNS, FILENAME, METHOD, MIME_TYPE, URI
from dai_scoring_nifi.flowfiles.batch import Batch, TakenFlowFile

_CHOICES = {COLUMNS: service_requests.COLUMNS, BAD_ROWS: service_requests.BAD_ROWS}


@dataclass(frozen=True)
class _FlowFileSource:
    """The contents of a FlowFile that is not small; NiFi writes them to a file when their turn comes."""

    batch: Batch
    item: TakenFlowFile
    writes_again: ClassVar[bool] = True

    @property
    def size(self) -> int:
        return self.item.size

    def write_to(self, path: Path) -> None:
        self.batch.export(self.item, path)


def requests_of(batch: Batch, answers_requests: bool) -> list[Request]:
    """A request for each FlowFile. With ``answers_requests`` it is what a client asked for, if one did."""
    return [_request(batch, item, answers_requests) for item in batch.items]


def _request(batch: Batch, item: TakenFlowFile, answers_requests: bool) -> Request:
    contents = _FlowFileSource(batch, item) if item.contents is None else item.contents
    attributes = item.attributes
    mime_type, name = attributes.get(MIME_TYPE), attributes.get(FILENAME)
    if not answers_requests or METHOD not in attributes:
        return Request(contents, mime_type, name)
    choices = {key: attributes[attribute] for attribute, key in _CHOICES.items() if attribute in attributes}
    endpoint = endpoint_at(attributes[METHOD], attributes.get(URI, ""))
    return Request(contents, mime_type, name, endpoint, keeps_rows=True, choices=choices)
