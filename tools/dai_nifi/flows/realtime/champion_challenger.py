"""The template realtime-champion-challenger: realtime-http with a second model, which answers some or sees copies."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from dai_nifi.errors import UsageError
from dai_nifi.flows.builder import Flow
from dai_nifi.flows.common import (
    LICENCE,
    MODEL,
    Parameter,
    ScoringRuntime,
    Template,
    parameter_specs,
    scoring_processor,
)
from dai_nifi.flows.parts import BOX_HEIGHT, BOX_WIDTH, COLUMN, Label, Point, Processor, background
from dai_nifi.flows.realtime import comparison, requests
from dai_nifi.flows.realtime.comparison import CHALLENGER, TOLERANCE, at_column
from dai_nifi.flows.settings import BAD_ROWS, OUTPUT_COLUMNS, settings
from dai_scoring import options

# An attribute that HandleHttpRequest writes; the scoring processor knows it too.
COLUMNS = "http.query.param.columns"

NAME = "realtime-champion-challenger"
SUMMARY = "Answer HTTP requests with one model, and try another on a share of them: on copies, or for the answers."

MODE = "challenger.mode"
SHARE = "challenger.share"
ID = "id.column"
SHADOW, ANSWER = "shadow", "answer"

SETTINGS = settings({BAD_ROWS.name: options.BAD_ROWS.label_of(options.BadRows.FAIL)})

PARAMETERS = (
    *requests.PARAMETERS,
    MODEL,
    CHALLENGER,
    Parameter(
        MODE,
        "shadow: the champion answers every request, and the challenger scores copies after that. answer: the "
        "challenger answers its share of the requests itself.",
        SHADOW,
    ),
    Parameter(SHARE, "The share of the requests that the challenger gets, in percent: 0 to 100, such as 2.5.", "10"),
    Parameter(
        ID,
        "The column that decides who gets a request: the same value goes the same way every time. Of several rows the "
        "first decides; where it is not found, as in CSV, the whole request does.",
    ),
    *comparison.PARAMETERS,
    LICENCE,
    *SETTINGS,
)

# The first such member of a JSON text, in any shape of JSON; possessive, since Java's matching is recursive.
_FIND_ID = rf'(?<!\\)"\Q#{{{ID}}}\E"\s*+:\s*+("(?:[^"\\]++|\\.)*+"|[^\s,}}\]]++)'
_WHO = "${row.id:replaceAll('^\"|\"$', ''):replaceEmpty(${content_SHA-256})"
# Of a hundred thousand parts of all hashes, those below the share.
_CHOSEN = (
    f"{_WHO}:hash('SHA-256'):substring(0, 8):fromRadix(16):toNumber():mod(100000)"
    f":lt(${{#{{{SHARE}}}:toDecimal():multiply(1000)}})"
)
_ANSWERS = f"${{#{{{MODE}}}:equals('{ANSWER}')"
# H2O's dialect has no rows with predictions that could be compared, and the challenger cannot score predictions alone.
_RECORDS = (
    f"${{http.request.uri:startsWith('/model/'):not():and(${{{COLUMNS}:replaceNull(''):equals('predictions'):not()}})}}"
)
# expressions.py recognises by their first word that these requests were to be scored.
_TO_CHALLENGER, _COPIED, _TO_CHAMPION = "score by challenger", "score by champion and copy", "score by champion"
_ROUTES = {
    _TO_CHALLENGER: f"{_CHOSEN}:and({_ANSWERS}}})}}",
    _COPIED: f"{_CHOSEN}:and({_ANSWERS}:not():and({_RECORDS})}})}}",
    _TO_CHAMPION: f"{_CHOSEN}:and({_ANSWERS}:or({_RECORDS})}}):not()}}",
}

_SCORE_ROW, _CHALLENGER_ROW, _ERROR_ROW = 288, 576, 864


def build(runtime: ScoringRuntime) -> Flow:
    """Put the flow together for a runtime."""
    front = requests.http_front(_SCORE_ROW, _ERROR_ROW)
    find = Processor(
        name="Find the id",
        type="org.apache.nifi.processors.standard.ExtractText",
        at=at_column(2, _SCORE_ROW),
        properties={
            "Character Set": "UTF-8",
            "Maximum Buffer Size": "1 MB",
            "Include Capture Group 0": "false",
            "row.id": _FIND_ID,
        },
        dynamic=("row.id",),
        comments=f"Finds {ID} of the first row in JSON.",
    )
    digest = Processor(
        name="Hash the request",
        type="org.apache.nifi.processors.standard.CryptographicHashContent",
        at=at_column(2, _CHALLENGER_ROW),
        properties={"fail_when_empty": "false", "hash_algorithm": "SHA-256"},
        comments="If there is no id, as in CSV, the whole request decides.",
    )
    choose = Processor(
        name="Who gets it?",
        type="org.apache.nifi.processors.standard.RouteOnAttribute",
        at=at_column(3, _SCORE_ROW),
        properties={
            "Routing Strategy": "Route to Property name",
            **_ROUTES,
        },
        dynamic=tuple(_ROUTES),
        comments=f"By a hash of the id: {SHARE} percent of all ids go to the challenger, always the same.",
    )
    champion = _answering("Score with the champion", runtime, at_column(4, _SCORE_ROW), MODEL)
    challenger = _answering("Score with the challenger", runtime, at_column(4, _CHALLENGER_ROW), CHALLENGER)
    scores = requests.answer(
        "Answer with scores", at_column(5, _SCORE_ROW), front.contexts, auto_terminated=("failure",)
    )
    copies = comparison.copies(runtime, f"${{RouteOnAttribute.Route:equals('{_COPIED}')}}")
    last, above, below = at_column(6, _SCORE_ROW), _SCORE_ROW - 84, _CHALLENGER_ROW + BOX_HEIGHT + 32
    rejected = requests.rejected(
        front,
        last,
        [
            (champion, [(champion.middle[0] + 96, above), (last[0] + BOX_WIDTH // 2, above)]),
            (challenger, [(challenger.middle[0] + 96, below), (last[0] + BOX_WIDTH // 2 + 96, below)]),
        ],
        _ERROR_ROW,
    )
    down, across, refused = scores.middle[0], comparison.AGREE_ROW - 176, _ERROR_ROW - 96
    return Flow(
        name=NAME,
        comments=SUMMARY,
        parameters=parameter_specs(*PARAMETERS, *runtime.parameters),
        services=[front.contexts, *copies.services],
        processors=[
            front.receive,
            front.route,
            find,
            digest,
            choose,
            champion,
            challenger,
            scores,
            rejected.look,
            *front.others(),
            *copies.processors,
        ],
        connections=[
            requests.request_queue("requests", front.receive, ["success"], front.route),
            requests.request_queue("rows to score", front.route, ["score"], find),
            requests.request_queue("by id", find, ["matched"], choose),
            requests.request_queue("no id", find, ["unmatched"], digest),
            requests.request_queue(
                "by hash", digest, ["success", "failure"], choose, [(choose.at[0] - 84, digest.middle[1])]
            ),
            requests.request_queue("to the champion", choose, [_TO_CHAMPION, _COPIED, "unmatched"], champion),
            requests.request_queue(
                "to the challenger",
                choose,
                [_TO_CHALLENGER],
                challenger,
                [(choose.at[0] + 408, challenger.middle[1])],
            ),
            requests.model_questions(front, champion, ["model", "ready"], "about the model; is it ready?"),
            requests.request_queue("scored by the champion", champion, ["success"], scores),
            requests.request_queue(
                "scored by the challenger", challenger, ["success"], scores, [(scores.middle[0], challenger.middle[1])]
            ),
            *front.sides(),
            requests.request_queue(
                "not scored",
                champion,
                ["failure"],
                front.explain,
                # To the left of the challenger, which is below.
                [
                    (champion.at[0] - 132, _SCORE_ROW + BOX_HEIGHT + 64),
                    (champion.at[0] - 132, refused),
                    (front.explain.middle[0] + 96, refused),
                ],
                label_index=1,
            ),
            requests.request_queue(
                "not scored",
                challenger,
                ["failure"],
                front.explain,
                [(challenger.middle[0], refused), (front.explain.middle[0] + 96, refused)],
            ),
            *rejected.connections,
            *front.refusals(),
            requests.request_queue(
                "answered",
                scores,
                ["success"],
                copies.chosen,
                [(down + 96, across), (copies.chosen.middle[0], across)],
            ),
            *copies.connections,
        ],
        labels=_labels(),
    )


def _answering(name: str, runtime: ScoringRuntime, at: Point, model: Parameter) -> Processor:
    return scoring_processor(
        runtime, at, SETTINGS, {"H2O REST Requests": "answer"}, auto_terminated=(), name=name, model=model
    )


def validate(values: Mapping[str, str | None]) -> None:
    """Raise UsageError for values that will not do, or not together."""
    if values.get(MODE) not in (SHADOW, ANSWER):
        raise UsageError(f"The parameter {MODE} is {SHADOW} or {ANSWER}, not {values.get(MODE)!r}.")
    for name, most in ((SHARE, 100.0), (TOLERANCE, math.inf)):
        text = values.get(name) or ""
        # As NiFi's expression language reads numbers.
        if not re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) or float(text) > most:
            upto = f" to {most:g}" if most < math.inf else " or more"
            raise UsageError(f"The parameter {name} is a number, 0{upto}, not {text!r}.")
    if values.get(MODE) == SHADOW and values.get(OUTPUT_COLUMNS.name) not in (OUTPUT_COLUMNS.default, None):
        raise UsageError(
            f"With {MODE} {SHADOW} the challenger scores the responses, so they must have all columns: "
            f"{OUTPUT_COLUMNS.name} is {OUTPUT_COLUMNS.default!r} then, not {values[OUTPUT_COLUMNS.name]!r}."
        )


def _labels() -> list[Label]:
    # NiFi's own panels lie over the upper left corner: nothing is there.
    return [
        Label(
            "Realtime scoring with a champion and a challenger\n\n"
            "POST rows to http://(http.host):(http.port)/score as a JSON array, a JSON object, JSON lines or CSV.\n\n"
            "A hash of (id.column) in the first row gives (challenger.share) percent of the requests to the "
            "challenger. With (challenger.mode) shadow the champion answers them too, and the challenger scores copies "
            "afterwards; with answer the challenger answers them.",
            (-960, _ERROR_ROW - 16),
            (592, 416),
            font_size=18,
        ),
        Label(
            "To run it\n\n"
            "1. Right-click the canvas, Parameters: set model.file and challenger.file (upload both as assets), "
            "http.port, id.column, agreement.column, disagreements.directory and, for models that need one, "
            "licence.key.\n"
            "2. Right-click the canvas, Enable all controller services.\n"
            "3. Right-click the canvas, Start. GET /readyz answers Ready once the champion can score.",
            (0, _SCORE_ROW - 352),
            (5 * COLUMN - 192, 160),
            "#dcefdc",
            18,
        ),
        background("The champion, and the answers", at_column(4, _SCORE_ROW), 2, "#e3f1e3", 208),
        background("The challenger, where it answers", at_column(4, _CHALLENGER_ROW), 1, "#e8e4f5", 208),
        background("Refused requests, and rows that cannot be scored", at_column(2, _ERROR_ROW), 3, "#fbe6e3", 208),
        *comparison.labels(),
    ]


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build, validate=validate)
