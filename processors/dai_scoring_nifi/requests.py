"""A FlowFile as a request to the service: HandleHttpRequest writes what a client asked for into its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dai_scoring.service import Request
from dai_scoring.service import requests as service_requests
from dai_scoring.service.h2o_rest import endpoint_at
from dai_scoring.service.requests import RequestContents

if TYPE_CHECKING:
    from dai_scoring_nifi.flowfiles import TakenFlowFile

METHOD = "http.method"
URI = "http.request.uri"
COLUMNS = "http.query.param.columns"
BAD_ROWS = "http.query.param.bad_rows"

_CHOICES = {COLUMNS: service_requests.COLUMNS, BAD_ROWS: service_requests.BAD_ROWS}


def request(answers_requests: bool, item: TakenFlowFile, contents: RequestContents) -> Request:
    """The request that a FlowFile is; with ``answers_requests``, what a client asked for counts."""
    attributes = item.attributes
    mime_type, name = attributes.get("mime.type"), attributes.get("filename")
    if not answers_requests or METHOD not in attributes:
        return Request(contents, mime_type, name)
    choices = {key: attributes[attribute] for attribute, key in _CHOICES.items() if attribute in attributes}
    endpoint = endpoint_at(attributes[METHOD], attributes.get(URI, ""))
    return Request(contents, mime_type, name, endpoint, keeps_rows=True, choices=choices)
