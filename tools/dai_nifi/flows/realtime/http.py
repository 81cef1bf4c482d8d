"""The template realtime-http: rows in a POST request, scores in its response."""

from __future__ import annotations

from dai_nifi.flows.builder import Flow
from dai_nifi.flows.common import LICENCE, MODEL, ScoringRuntime, Template, parameter_specs, scoring_processor
from dai_nifi.flows.parts import BOX_WIDTH, COLUMN, Label, background
from dai_nifi.flows.realtime import requests
from dai_nifi.flows.settings import BAD_ROWS, settings
from dai_scoring import options

NAME = "realtime-http"
SUMMARY = "Answer HTTP requests with scores: POST rows as JSON, JSON lines or CSV, get them back with predictions."

SETTINGS = settings({BAD_ROWS.name: options.BAD_ROWS.label_of(options.BadRows.FAIL)})

PARAMETERS = (*requests.PARAMETERS, MODEL, LICENCE, *SETTINGS)

_FIRST, _THIRD, _FOURTH, _FIFTH = 0, 2 * COLUMN, 3 * COLUMN, 4 * COLUMN
_SCORE_ROW, _ERROR_ROW = 0, 288


def build(runtime: ScoringRuntime) -> Flow:
    """Put the flow together for a runtime."""
    front = requests.http_front(_SCORE_ROW, _ERROR_ROW)
    score = scoring_processor(
        runtime,
        (_THIRD, _SCORE_ROW),
        SETTINGS,
        {"H2O REST Requests": "answer"},
        auto_terminated=(),
    )
    scores = requests.answer("Answer with scores", (_FOURTH, _SCORE_ROW), front.contexts)
    last, above = (_FIFTH, _SCORE_ROW), _SCORE_ROW - 84
    rejected = requests.rejected(
        front, last, [(score, [(score.middle[0] + 96, above), (last[0] + BOX_WIDTH // 2, above)])], _ERROR_ROW
    )
    return Flow(
        name=NAME,
        comments=SUMMARY,
        parameters=parameter_specs(*PARAMETERS, *runtime.parameters),
        services=[front.contexts],
        processors=[
            front.receive,
            front.route,
            score,
            scores,
            rejected.look,
            *front.others(),
        ],
        connections=[
            requests.request_queue("requests", front.receive, ["success"], front.route),
            requests.request_queue("rows to score", front.route, ["score"], score),
            requests.model_questions(front, score, ["model", "ready"], "about the model; is it ready?"),
            requests.request_queue("scored rows", score, ["success"], scores),
            *front.sides(),
            requests.request_queue("not scored", score, ["failure"], front.explain),
            *rejected.connections,
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
            "response has the same rows with their predictions, in the same format; /score?columns=predictions has "
            "these alone.\n\n"
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
            "3. Right-click the canvas, Start. GET /readyz answers Ready once the model can score.",
            (_FIRST, _SCORE_ROW - 352),
            (_THIRD + 1600, 160),
            "#dcefdc",
            18,
        ),
        background("Scores", (_THIRD, _SCORE_ROW), 2, "#e3f1e3", 208),
        background("Refused requests, and rows that cannot be scored", (_THIRD, _ERROR_ROW), 3, "#fbe6e3", 208),
    ]


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build)
