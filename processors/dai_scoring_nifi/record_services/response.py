"""The service's response to a FlowFile whose records NiFi's record services read and write."""

from __future__ import annotations

from dataclasses import dataclass, field

from dai_scoring.service import Response


@dataclass(slots=True)
class RecordServicesResponse(Response):
    """A response with the attributes that the Record Writer gives to the scored and to the rejected records."""

    scored_attributes: dict[str, str] = field(default_factory=dict)
    rejected_attributes: dict[str, str] = field(default_factory=dict)
