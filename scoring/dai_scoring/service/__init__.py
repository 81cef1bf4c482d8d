"""A model as a service: requests in, responses out, for any server, queue or function.

Start at :class:`ScoringService`.
"""

from __future__ import annotations

from dai_scoring.service.failures import Failure
from dai_scoring.service.http import HttpRequest, HttpResponse
from dai_scoring.service.requests import Request, Source
from dai_scoring.service.responses import Response
from dai_scoring.service.served_model import Readiness, State
from dai_scoring.service.service import ScoringService
from dai_scoring.service.work_folders import WorkFolders

__all__ = [
    "Failure",
    "HttpRequest",
    "HttpResponse",
    "Readiness",
    "Request",
    "Response",
    "ScoringService",
    "Source",
    "State",
    "WorkFolders",
]
