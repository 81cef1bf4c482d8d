"""The template realtime-http: rows in a POST request, scores in its response."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from dai_nifi.flows.builder import Bundle, Connection, Flow, Label, Processor, Service
from dai_nifi.flows.common import LICENCE, MODEL, Kind, Parameter, ScoringRuntime, Template, scoring
from dai_scoring.rest_v1 import STATUSES, Question

NAME = "realtime-http"
SUMMARY = "Answer HTTP requests with scores: POST rows as JSON, JSON lines or CSV, get them back with predictions."
RECEIVER = "Receive requests"

PARAMETERS = (
    Parameter(
        "http.host",
        "The address to listen at. 127.0.0.1 serves this machine alone, 0.0.0.0 every network it is in.",
        "127.0.0.1",
    ),
    Parameter("http.port", "The port to listen at.", "8081", Kind.PORT),
    MODEL,
    LICENCE,
)

# A request is answered within this time, one way or the other; what still waits to be scored then is dropped,
# since nobody waits for it any more.
_PATIENCE = "1 min"

_HINT = "POST rows to /score as a JSON array, a JSON object, JSON lines or CSV with a header."

_POST = "${http.method:equals('POST')"
_LOOKS = "${http.method:in('GET', 'HEAD')"
_MULTIPART = "${mime.type:startsWith('multipart/')"
_PART = "${http.multipart.fragments.sequence.number"
_IS_READYZ = "${http.request.uri:equals('/readyz')}"


def _at(*paths: str) -> str:
    """An expression, not closed: whether a request is to one of these paths."""
    return f"${{http.request.uri:in({', '.join(repr(path) for path in paths)})"


# The paths of H2O's REST scorers; rows may come to any path, but for those that say something of the model.
_ABOUT = _at(*(f"/model/{one.value}" for one in Question if not one.has_body))
_ROWS = _at("/score", *(f"/model/{one.value}" for one in Question if one.has_body))
_POST_ROWS = f"{_POST}:and({_ABOUT}:not()}})"

# Each request matches one of these or none; none means that nothing is at that path.
_ROUTES = {
    "score": f"{_POST_ROWS}:and({_MULTIPART}:not()}}):and(${{fileSize:gt(0)}})}}",
    "model": f"{_LOOKS}:and({_ABOUT}}})}}",
    "ready": f"{_LOOKS}:and({_IS_READYZ})}}",
    "400 no body": f"{_POST_ROWS}:and({_MULTIPART}:not()}}):and(${{fileSize:equals(0)}})}}",
    "405 wrong method": f"{_POST}:ifElse({_ABOUT}}}, {_LOOKS}:not():or({_ROWS}}})}}):equals('true')}}",
    "415 multipart": f"{_POST_ROWS}:and({_MULTIPART}}}):and({_PART}:equals('1')}})}}",
    "further part": f"{_PART}:replaceNull('1'):gt(1)}}",
}
_REFUSALS = tuple(name for name in _ROUTES if name[0].isdigit())


def _by_route(*cases: tuple[str, str], otherwise: str) -> str:
    """An expression: the value of the route that a request took."""
    for route, value in reversed(cases):
        otherwise = f"${{RouteOnAttribute.Route:equals('{route}'):ifElse({value},\n  {otherwise})}}"
    return otherwise


def _by_code() -> str:
    """An expression: the status that belongs to the scoring processor's error."""
    found = "'500'"
    for status in sorted(set(STATUSES.values()) - {500}):
        codes = ", ".join(repr(code) for code, one in STATUSES.items() if one == status)
        found = f"${{scoring.error.code:replaceNull(''):in({codes}):ifElse('{status}', {found})}}"
    return found


_STATUS = _by_route(
    ("score", _by_code()),
    ("model", _by_code()),
    ("unmatched", "'404'"),
    otherwise="${RouteOnAttribute.Route:substringBefore(' ')}",
)
_SAID = "${scoring.error:replaceEmpty('The scoring processor failed; the log of NiFi says why.')}"
_DETAIL = _by_route(
    ("score", _SAID),
    ("model", _SAID),
    ("400 no body", f"'The request has no body. {_HINT}'"),
    (
        "405 wrong method",
        f"${{http.method:append(' is not possible at '):append(${{http.request.uri}}):append('. {_HINT}')}}",
    ),
    ("415 multipart", f"'multipart is not read: send the rows as the body itself. {_HINT}'"),
    otherwise=f"${{http.request.uri:prepend('There is nothing at '):append('. {_HINT}')}}",
)
_ALLOW = _by_route(
    ("405 wrong method", f"{_at('/readyz')}:or({_ABOUT}}}):ifElse('GET, HEAD', 'POST')}}"),
    otherwise="''",
)

_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH = 0, 608, 1216, 1824, 2432
_READY_ROW, _SCORE_ROW, _ERROR_ROW = 0, 288, 576


def build(runtime: ScoringRuntime) -> Flow:
    """Put the flow together for a runtime."""
    contexts = Service(
        name="Open requests",
        type="org.apache.nifi.http.StandardHttpContextMap",
        bundle=Bundle("nifi-http-context-map-nar"),
        api="org.apache.nifi.http.HttpContextMap",
        api_bundle=Bundle("nifi-standard-services-api-nar"),
        properties={"Maximum Outstanding Requests": "5000", "Request Expiration": _PATIENCE},
        comments="Requests that wait for their response; after Request Expiration they are answered with 503.",
    )
    receive = Processor(
        name=RECEIVER,
        type="org.apache.nifi.processors.standard.HandleHttpRequest",
        at=(_FIRST, _SCORE_ROW),
        properties={
            "Listening Port": "#{http.port}",
            "Hostname": "#{http.host}",
            "HTTP Context Map": contexts,
            # So that a readiness probe may ask with HEAD, and so that every other method gets a reason.
            "Allow HEAD": "true",
            "Allow OPTIONS": "true",
            "Additional HTTP Methods": "PATCH",
            "container-queue-size": "200",
        },
        # NiFi tells that the server listens at this level only; dai-nifi deploy waits for it.
        bulletin_level="INFO",
        comments="Listens at http.host and http.port. Answers 503 while the flow behind it is full.",
    )
    route = Processor(
        name="What is asked for?",
        type="org.apache.nifi.processors.standard.RouteOnAttribute",
        at=(_SECOND, _SCORE_ROW),
        properties={"Routing Strategy": "Route to Property name", **_ROUTES},
        dynamic=tuple(_ROUTES),
        # A request of several parts comes as so many FlowFiles; the first is answered for all.
        ends=("further part",),
        comments="Sends each request one way; the names that begin with a number are refusals with that status.",
    )
    score = scoring(
        runtime,
        (_THIRD, _SCORE_ROW),
        {"Bad Rows": "fail the FlowFile", "H2O REST Requests": "answer"},
        ends=("rejected",),
    )
    scores = Processor(
        name="Answer with scores",
        type="org.apache.nifi.processors.standard.HandleHttpResponse",
        at=(_FOURTH, _SCORE_ROW),
        properties={
            "HTTP Status Code": "200",
            "HTTP Context Map": contexts,
            "Attributes to add to the HTTP Response (Regex)": r"scoring\.(model\.id|duration\.ms)",
            "Content-Type": "${mime.type}",
        },
        dynamic=("Content-Type",),
        ends=("success", "failure"),
        comments="200, with the scored rows in the format in which they came.",
    )
    say_ready = Processor(
        name="Say Ready",
        type="org.apache.nifi.processors.standard.ReplaceText",
        at=(_THIRD, _READY_ROW),
        properties={
            "Replacement Strategy": "Always Replace",
            "Evaluation Mode": "Entire text",
            "Replacement Value": "Ready",
        },
        ends=("failure",),
    )
    ready = Processor(
        name="Answer Ready",
        type="org.apache.nifi.processors.standard.HandleHttpResponse",
        at=(_FOURTH, _READY_ROW),
        properties={"HTTP Status Code": "200", "HTTP Context Map": contexts, "Content-Type": "text/plain"},
        dynamic=("Content-Type",),
        ends=("success", "failure"),
    )
    explain = Processor(
        name="Choose status and detail",
        type="org.apache.nifi.processors.attributes.UpdateAttribute",
        at=(_THIRD, _ERROR_ROW),
        properties={
            "Store State": "Do not store state",
            "http.status": _STATUS,
            "http.detail": _DETAIL,
            "http.allow": _ALLOW,
        },
        dynamic=("http.status", "http.detail", "http.allow"),
        comments="400 where the request is at fault, 501 or 503 where the model is, 500 for anything else.",
    )
    write = Processor(
        name="Write the detail as JSON",
        type="org.apache.nifi.processors.standard.ReplaceText",
        at=(_FOURTH, _ERROR_ROW),
        properties={
            "Replacement Strategy": "Always Replace",
            "Evaluation Mode": "Entire text",
            "Replacement Value": '{"detail": "${http.detail:escapeJson()}"}',
        },
        ends=("failure",),
    )
    refuse = Processor(
        name="Answer with the error",
        type="org.apache.nifi.processors.standard.HandleHttpResponse",
        at=(_FIFTH, _ERROR_ROW),
        properties={
            "HTTP Status Code": "${http.status}",
            "HTTP Context Map": contexts,
            "Content-Type": "application/json",
            "Allow": "${http.allow}",
        },
        dynamic=("Content-Type", "Allow"),
        ends=("success", "failure"),
    )
    # Few and small: a client that is told 503 at once can go elsewhere, one in a long queue cannot.
    brief = partial(Connection, most_flowfiles=1000, most_data="1 GB", expires=_PATIENCE)
    return Flow(
        name=NAME,
        comments=SUMMARY,
        parameters=[one.spec() for one in (*PARAMETERS, *runtime.parameters)],
        services=[contexts],
        processors=[receive, route, score, scores, say_ready, ready, explain, write, refuse],
        connections=[
            brief("requests", receive, ["success"], route),
            brief("rows to score", route, ["score", "model"], score),
            brief("scored rows", score, ["success"], scores),
            brief("is it ready?", route, ["ready"], say_ready, bends=[(route.middle[0], say_ready.middle[1])]),
            brief("ready", say_ready, ["success"], ready),
            brief(
                "refused requests",
                route,
                [*_REFUSALS, "unmatched"],
                explain,
                bends=[(route.middle[0], explain.middle[1])],
            ),
            brief("not scored", score, ["failure"], explain),
            brief("what was wrong", explain, ["success"], write),
            brief("error as JSON", write, ["success"], refuse),
        ],
        labels=_labels(),
    )


def endpoint(values: Mapping[str, str | None]) -> str:
    """Where a deployment with these parameters takes rows; one that listens everywhere is named by loopback."""
    host = values.get("http.host") or "127.0.0.1"
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{values.get('http.port')}/score"


def _labels() -> list[Label]:
    # NiFi's own panels lie over the upper left corner: nothing is there.
    def zone(text: str, row: int, boxes: int, colour: str) -> Label:
        return Label(text, (_THIRD - 32, row - 48), (boxes * 608 - 192, 208), colour, 16)

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
        zone("Is the service up?  GET /readyz", _READY_ROW, 2, "#eef3f8"),
        zone("Scores", _SCORE_ROW, 2, "#e3f1e3"),
        zone("Refused requests, and rows that cannot be scored", _ERROR_ROW, 3, "#fbe6e3"),
    ]


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build)
