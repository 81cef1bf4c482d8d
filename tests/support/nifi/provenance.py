"""What NiFi's provenance says of FlowFiles."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import nipyapi

from tests.support.waiting import PATIENCE


def events(terms: Mapping[str, str], wanted: int = 1, seconds: float = PATIENCE) -> list[Any]:
    """The events that have these values, once there are as many as wanted: NiFi indexes them a little later."""
    request = {
        "provenance": {
            "request": {
                "maxResults": 1000,
                "incrementalResults": False,
                "summarize": False,
                "searchTerms": {name: {"value": value} for name, value in terms.items()},
            }
        }
    }
    api = nipyapi.nifi.ProvenanceApi()
    end = time.monotonic() + seconds
    while True:
        query = api.submit_provenance_request(body=request).provenance
        while not query.finished:
            time.sleep(0.1)
            query = api.get_provenance(query.id).provenance
        found = list(query.results.provenance_events or [])
        api.delete_provenance(query.id)
        if len(found) >= wanted:
            return found
        assert time.monotonic() < end, f"{len(found)} events have {dict(terms)}, and not {wanted}"
        time.sleep(0.5)


def attributes(event: Any) -> dict[str, str]:
    """The attributes that the FlowFile had after an event."""
    return {one.name: one.value for one in event.attributes}
