"""The attributes of a FlowFile that the processors read; HandleHttpRequest writes those of HTTP."""

from __future__ import annotations

MIME_TYPE = "mime.type"
FILENAME = "filename"
METHOD = "http.method"
URI = "http.request.uri"
COLUMNS = "http.query.param.columns"
BAD_ROWS = "http.query.param.bad_rows"

READ = (MIME_TYPE, FILENAME, METHOD, URI, COLUMNS, BAD_ROWS)
"""All of them. What a FlowFile has of these is in :attr:`TakenFlowFile.attributes`."""
