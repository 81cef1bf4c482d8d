"""What the flows that answer HTTP requests share: the server, the way of each request, readiness and refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from dai_nifi.flows.builder import COLUMN, UPDATE_ATTRIBUTE, Bundle, Connection, Point, Processor, Service
from dai_nifi.flows.common import Kind, Parameter
from dai_scoring.errors import BadRowsError
from dai_scoring.rest_v1 import STATUSES, Question

RECEIVER = "Receive requests"

PARAMETERS = (
    Parameter(
        "http.host",
        "The address to listen at. 127.0.0.1 serves this machine alone, 0.0.0.0 every network it is in.",
        "127.0.0.1",
    ),
    Parameter("http.port", "The port to listen at.", "8081", Kind.PORT),
)

# A request is answered within this time, one way or the other; what still waits to be scored then is dropped,
# since nobody waits for it any more.
PATIENCE = "1 min"

# Few and small: a client that is told 503 at once can go elsewhere, one in a long queue cannot.
brief = partial(Connection, most_flowfiles=1000, most_data="1 GB", expires=PATIENCE)

# NiFi lets each task of a processor that found its queue empty pause by itself (nifi.bored.yield.duration), so the
# more of them look, the sooner one sees a request. These processors need next to no time for a request themselves.
_TASKS_THAT_LOOK = 4

_HINT = "POST rows to /score as a JSON array, a JSON object, JSON lines or CSV with a header."

_POST = "${http.method:equals('POST')"
_LOOKS = "${http.method:in('GET', 'HEAD')"
_MULTIPART = "${mime.type:startsWith('multipart/')"
_PART = "${http.multipart.fragments.sequence.number"
_IS_READYZ = f"${{http.request.uri:equals('{Question.READY.path}')}}"


def _at(*paths: str) -> str:
    """An expression, not closed: whether a request is to one of these paths."""
    return f"${{http.request.uri:in({', '.join(repr(path) for path in paths)})"


# The paths of H2O's REST scorers; rows may come to any path, but for those that say something of the model.
_ABOUT = _at(*(one.path for one in Question if not one.has_body and one is not Question.READY))
_ROWS = _at("/score", *(one.path for one in Question if one.has_body))
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
    """An expression: the value of the route that a request took, known by how its name begins."""
    for route, value in reversed(cases):
        otherwise = f"${{RouteOnAttribute.Route:startsWith('{route}'):ifElse({value},\n  {otherwise})}}"
    return otherwise


def _by_code() -> str:
    """An expression: the status that belongs to the scoring processor's error."""
    found = "'500'"
    for status in sorted(set(STATUSES.values()) - {500}):
        codes = ", ".join(repr(code) for code, one in STATUSES.items() if one == status)
        found = f"${{scoring.error.code:replaceNull(''):in({codes}):ifElse('{status}', {found})}}"
    return found


# NiFi keeps the last route that was taken; this one begins as that of rows does.
_NO_SCORE = "score of no row"
_NONE_SCORED = "${scoring.scored.count:equals('0')"
_STATUS = _by_route(
    ("score", f"{_NONE_SCORED}:ifElse('400', {_by_code()})}}"),
    ("model", _by_code()),
    ("ready", _by_code()),
    ("unmatched", "'404'"),
    otherwise="${RouteOnAttribute.Route:substringBefore(' ')}",
)
_SAID = "${scoring.error.client:replaceEmpty('The server failed with this request. Tell who runs it.')}"
_NO_ROW = "'None of the rows can be scored: in each, a value cannot become what the column of the model holds.'"
_DETAIL = _by_route(
    ("score", f"{_NONE_SCORED}:ifElse({_NO_ROW}, {_SAID})}}"),
    ("model", _SAID),
    ("ready", _SAID),
    ("400 no body", f"'The request has no body. {_HINT}'"),
    (
        "405 wrong method",
        f"${{http.method:append(' is not possible at '):append(${{http.request.uri}}):append('. {_HINT}')}}",
    ),
    ("415 multipart", f"'multipart is not read: send the rows as the body itself. {_HINT}'"),
    otherwise=f"${{http.request.uri:prepend('There is nothing at '):append('. {_HINT}')}}",
)
_KNOWN_CODE = "${scoring.error.code:replaceEmpty('internal')}"
_CODE = _by_route(
    ("score", f"{_NONE_SCORED}:ifElse('{BadRowsError.code}', {_KNOWN_CODE})}}"),
    ("model", _KNOWN_CODE),
    ("ready", _KNOWN_CODE),
    ("400 no body", "'no_body'"),
    ("405 wrong method", "'method_not_allowed'"),
    ("415 multipart", "'multipart'"),
    otherwise="'not_found'",
)
# As JSON.
_ROW = f"{_NONE_SCORED}:ifElse('1', ${{scoring.error.row:replaceEmpty('null')}})}}"
_COLUMN = (
    """${scoring.error.column:isNull():ifElse('null', ${scoring.error.column:escapeJson():prepend('"'):append('"')})}"""
)
_BODY = (
    f"""{{"detail": "${{http.detail:escapeJson()}}", "code": "${{http.code}}", "row": {_ROW}, "column": {_COLUMN}}}"""
)
_ALLOW = _by_route(
    ("405 wrong method", f"{_at(Question.READY.path)}:or({_ABOUT}}}):ifElse('GET, HEAD', 'POST')}}"),
    otherwise="''",
)


@dataclass(frozen=True)
class Front:
    """The processors of a flow that are not about scores; their first column is at 0."""

    contexts: Service
    receive: Processor
    route: Processor
    """Rows to score leave by ``score``, questions about the model by ``model``, whether it can score by ``ready``."""
    explain: Processor
    """Takes what could not be scored."""
    write: Processor
    refuse: Processor

    def others(self) -> list[Processor]:
        """Those that are not on the way to a score."""
        return [self.explain, self.write, self.refuse]

    def refusals(self) -> list[Connection]:
        """From the choice of status and detail to the response."""
        return [
            brief("what was wrong", self.explain, ["success"], self.write),
            brief("error as JSON", self.write, ["success"], self.refuse),
        ]

    def sides(self) -> list[Connection]:
        """The requests that are not to be scored."""
        down = self.route.middle[0]
        return [
            brief(
                "refused requests",
                self.route,
                [*_REFUSALS, "unmatched"],
                self.explain,
                bends=[(down, self.explain.middle[1])],
            ),
        ]


@dataclass(frozen=True)
class Rejected:
    """The processor that looks at rejected rows, and its connections."""

    look: Processor
    connections: Sequence[Connection]


def front(score_row: int, error_row: int) -> Front:
    """Make them, in two rows."""
    first, second, third, fourth, fifth = (column * COLUMN for column in range(5))
    contexts = Service(
        name="Open requests",
        type="org.apache.nifi.http.StandardHttpContextMap",
        bundle=Bundle("nifi-http-context-map-nar"),
        api="org.apache.nifi.http.HttpContextMap",
        api_bundle=Bundle("nifi-standard-services-api-nar"),
        properties={"Maximum Outstanding Requests": "5000", "Request Expiration": PATIENCE},
        comments="Requests that wait for their response; after Request Expiration they are answered with 503.",
    )
    receive = Processor(
        name=RECEIVER,
        type="org.apache.nifi.processors.standard.HandleHttpRequest",
        at=(first, score_row),
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
        at=(second, score_row),
        properties={"Routing Strategy": "Route to Property name", **_ROUTES},
        dynamic=tuple(_ROUTES),
        tasks=_TASKS_THAT_LOOK,
        # A request of several parts comes as so many FlowFiles; the first is answered for all.
        ends=("further part",),
        comments="Sends each request one way; the names that begin with a number are refusals with that status.",
    )
    explain = Processor(
        name="Choose status and detail",
        type="org.apache.nifi.processors.attributes.UpdateAttribute",
        bundle=UPDATE_ATTRIBUTE,
        at=(third, error_row),
        properties={
            "Store State": "Do not store state",
            "http.status": _STATUS,
            "http.detail": _DETAIL,
            "http.code": _CODE,
            "http.allow": _ALLOW,
        },
        dynamic=("http.status", "http.detail", "http.code", "http.allow"),
        comments="400 where the request is at fault, 501 or 503 where the model is, 500 for anything else.",
    )
    write = Processor(
        name="Write the detail as JSON",
        type="org.apache.nifi.processors.standard.ReplaceText",
        at=(fourth, error_row),
        properties={
            "Replacement Strategy": "Always Replace",
            "Evaluation Mode": "Entire text",
            "Replacement Value": _BODY,
        },
        ends=("failure",),
    )
    refuse = Processor(
        name="Answer with the error",
        type="org.apache.nifi.processors.standard.HandleHttpResponse",
        at=(fifth, error_row),
        properties={
            "HTTP Status Code": "${http.status}",
            "HTTP Context Map": contexts,
            "Content-Type": "application/json",
            "Allow": "${http.allow}",
        },
        dynamic=("Content-Type", "Allow"),
        ends=("success", "failure"),
    )
    return Front(contexts, receive, route, explain, write, refuse)


def rejected(front: Front, at: Point, scorers: Sequence[tuple[Processor, Sequence[Point]]], error_row: int) -> Rejected:
    """What becomes of rejected rows at ``at``: a request of which no row was scored is answered with an error.

    ``scorers`` have the bends of their connections. The others of a request are answered with its scores.
    """
    look = Processor(
        name="Was no row scored?",
        type="org.apache.nifi.processors.standard.RouteOnAttribute",
        at=at,
        properties={"Routing Strategy": "Route to Property name", _NO_SCORE: f"{_NONE_SCORED}}}"},
        dynamic=(_NO_SCORE,),
        ends=("unmatched",),
        comments="Rejected rows of a request end here, unless there is nothing else to answer it with.",
    )
    above = error_row - 96
    return Rejected(
        look,
        [
            *(brief("rejected rows", one, ["rejected"], look, bends) for one, bends in scorers),
            brief(
                "no row was scored",
                look,
                [_NO_SCORE],
                front.explain,
                [(look.middle[0], above), (front.explain.middle[0] + 96, above)],
            ),
        ],
    )


def asks(front: Front, scorer: Processor, relationships: Sequence[str], name: str) -> Connection:
    """Questions to the scoring processor, in a queue of their own, so that they do not wait behind rows."""
    above = front.route.at[1] - 84
    bends = [(front.route.middle[0] + 96, above), (scorer.middle[0], above)]
    return brief(name, front.route, relationships, scorer, bends)


def answer(name: str, at: Point, contexts: Service, ends: tuple[str, ...] = ("success", "failure")) -> Processor:
    """The response with scores."""
    return Processor(
        name=name,
        type="org.apache.nifi.processors.standard.HandleHttpResponse",
        at=at,
        properties={
            "HTTP Status Code": "200",
            "HTTP Context Map": contexts,
            "Attributes to add to the HTTP Response (Regex)": r"scoring\.(model\.id|duration\.ms)",
            "Content-Type": "${mime.type}",
        },
        dynamic=("Content-Type",),
        tasks=_TASKS_THAT_LOOK,
        ends=ends,
        comments="200, with all rows in the format in which they came. ?columns=predictions leaves out what came in.",
    )


def endpoint(values: Mapping[str, str | None]) -> str | None:
    """Where a deployment with these parameters takes rows, if it listens; everywhere is named by loopback."""
    port = values.get("http.port")
    if port is None:
        return None
    host = values.get("http.host") or "127.0.0.1"
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/score"
