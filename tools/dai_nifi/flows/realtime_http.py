"""The template realtime-http: rows in a POST request, scores in its response."""

from __future__ import annotations

from dai_nifi.flows import serving
from dai_nifi.flows.builder import COLUMN, Flow, Label, zone
from dai_nifi.flows.common import LICENCE, MODEL, ScoringRuntime, Template, scoring, specs
from dai_nifi.flows.settings import BAD_ROWS, settings

NAME = "realtime-http"
SUMMARY = "Answer HTTP requests with scores: POST rows as JSON, JSON lines or CSV, get them back with predictions."

SETTINGS = settings({BAD_ROWS.name: "fail the FlowFile"})

PARAMETERS = (*serving.PARAMETERS, MODEL, LICENCE, *SETTINGS)

_FIRST, _THIRD, _FOURTH = 0, 2 * COLUMN, 3 * COLUMN
_READY_ROW, _SCORE_ROW, _ERROR_ROW = 0, 288, 576


def build(runtime: ScoringRuntime) -> Flow:
    """Put the flow together for a runtime."""
    front = serving.front(_READY_ROW, _SCORE_ROW, _ERROR_ROW)
    score = scoring(
        runtime,
        (_THIRD, _SCORE_ROW),
        SETTINGS,
        {"H2O REST Requests": "answer"},
        ends=("rejected",),
    )
    scores = serving.answer("Answer with scores", (_FOURTH, _SCORE_ROW), front.contexts)
    return Flow(
        name=NAME,
        comments=SUMMARY,
        parameters=specs(*PARAMETERS, *runtime.parameters),
        services=[front.contexts],
        processors=[
            front.receive,
            front.route,
            score,
            scores,
            *front.others(),
        ],
        connections=[
            serving.brief("requests", front.receive, ["success"], front.route),
            serving.brief("rows to score", front.route, ["score", "model"], score),
            serving.brief("scored rows", score, ["success"], scores),
            *front.sides(),
            serving.brief("not scored", score, ["failure"], front.explain),
            *front.refusals(),
        ],
        labels=_labels(),
    )


def _labels() -> list[Label]:
    # NiFi's own panels lie over the upper left corner: nothing is there.
    return [
        Label(
            "Realtime scoring over HTTP\n\n"
            "POST rows to http://(http.host):(http.port)/score as a JSON array, a JSON object, JSON lines or CSV. The "
            "response has the same rows with their predictions, in the same format.\n\n"
            "Clients of H2O's REST scorer find /model/score, /model/contribution, /model/schema, /model/id, "
            "/model/sample_request and /model/capabilities.\n\n"
            "Every request is answered: with scores, or with a status and a JSON detail that says what was wrong.",
            (_FIRST - 560, _ERROR_ROW - 16),
            (496, 416),
            font_size=18,
        ),
        Label(
            "To run it\n\n"
            "1. Right-click the canvas, Parameters: set model.file (upload the model as an asset), http.port and, for "
            "models that need one, licence.key.\n"
            "2. Right-click the canvas, Enable all controller services.\n"
            "3. Right-click the canvas, Start. GET /readyz then answers Ready.",
            (_FIRST, _READY_ROW - 256),
            (_THIRD + 1600, 160),
            "#dcefdc",
            18,
        ),
        zone("Is the service up?  GET /readyz", (_THIRD, _READY_ROW), 2, "#eef3f8", 208),
        zone("Scores", (_THIRD, _SCORE_ROW), 2, "#e3f1e3", 208),
        zone("Refused requests, and rows that cannot be scored", (_THIRD, _ERROR_ROW), 3, "#fbe6e3", 208),
    ]


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build)
