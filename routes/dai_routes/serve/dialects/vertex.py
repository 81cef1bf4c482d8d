"""Vertex AI's dialect: a request is ``{"instances": [{...}]}``, its answer ``{"predictions": [{...}]}``."""

from __future__ import annotations

from dataclasses import dataclass

from dai_routes.serve.dialects.base import Call, Context, Dialect, ScorePath, json_answer
from dai_routes.serve.dialects.tables import body_of, object_of, records_of, records_request, score_records
from dai_scoring.errors import ContentError
from dai_scoring.service import HttpRequest, HttpResponse, Request, Response

PREDICT_PATH = "/predict"


@dataclass(slots=True)
class Predictions:
    """A call whose answer has one record for each row."""

    request: Request

    def answer(self, response: Response) -> HttpResponse:
        """``{"predictions": [{...}]}``."""
        return json_answer({"predictions": score_records(response)})


def _read(http: HttpRequest, context: Context) -> Call:
    asked = object_of(body_of(http, context))
    if "instances" not in asked:
        raise ContentError("the body has no 'instances': a list of objects, one for each row.")
    return Predictions(records_request(records_of(asked["instances"], "instances"), context.scores_only))


DIALECT = Dialect(
    "vertex",
    f"Vertex AI at {PREDICT_PATH}, or where AIP_PREDICT_ROUTE says",
    (ScorePath(PREDICT_PATH, _read, wrapped={"instances": "rows"}),),
)
