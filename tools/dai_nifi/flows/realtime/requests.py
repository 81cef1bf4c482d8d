"""What the flows that answer HTTP requests share: the server, routes, readiness and error responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from dai_nifi.flows.common import Kind, Parameter
from dai_nifi.flows.parts import COLUMN, UPDATE_ATTRIBUTE, Bundle, Connection, Point, Processor, Service
from dai_nifi.flows.realtime import expressions

RECEIVER = "Receive requests"

PARAMETERS = (
    Parameter(
        "http.host",
        "The address to listen at. 127.0.0.1 serves this machine alone, 0.0.0.0 every network it is in.",
        "127.0.0.1",
    ),
    Parameter("http.port", "The port to listen at.", "8081", Kind.PORT),
)

# A request is answered within this time, with scores or an error. What still waits to be scored then is dropped,
# since the client does not wait any more.
RESPONSE_TIMEOUT = "1 min"

# Short queues: a client that gets 503 at once can try another server, one in a long queue cannot.
request_queue = partial(
    Connection, back_pressure_flowfiles=1000, back_pressure_bytes="1 GB", expiration=RESPONSE_TIMEOUT
)

# A task that finds its queue empty pauses (nifi.bored.yield.duration). The more tasks look, the sooner one sees a
# request. These processors need hardly any time for a request.
_POLLING_TASKS = 4


@dataclass(frozen=True)
class HttpFront:
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
        """Those that do not take part in scoring."""
        return [self.explain, self.write, self.refuse]

    def refusals(self) -> list[Connection]:
        """From the choice of status and detail to the response."""
        return [
            request_queue("what was wrong", self.explain, ["success"], self.write),
            request_queue("error as JSON", self.write, ["success"], self.refuse),
        ]

    def sides(self) -> list[Connection]:
        """The requests that are not to be scored."""
        down = self.route.middle[0]
        return [
            request_queue(
                "refused requests",
                self.route,
                [*expressions.REFUSALS, "unmatched"],
                self.explain,
                bends=[(down, self.explain.middle[1])],
            ),
        ]


@dataclass(frozen=True)
class RejectedRows:
    """The processor that looks at rejected rows, and its connections."""

    look: Processor
    connections: Sequence[Connection]


def http_front(score_row: int, error_row: int) -> HttpFront:
    """Make them, in two rows."""
    first, second, third, fourth, fifth = (column * COLUMN for column in range(5))
    contexts = Service(
        name="Open requests",
        type="org.apache.nifi.http.StandardHttpContextMap",
        bundle=Bundle("nifi-http-context-map-nar"),
        api="org.apache.nifi.http.HttpContextMap",
        api_bundle=Bundle("nifi-standard-services-api-nar"),
        properties={"Maximum Outstanding Requests": "5000", "Request Expiration": RESPONSE_TIMEOUT},
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
        # NiFi reports that the server listens at this level only; dai-nifi deploy waits for it.
        bulletin_level="INFO",
        comments="Listens at http.host and http.port. Answers 503 while the flow behind it is full.",
    )
    route = Processor(
        name="What is asked for?",
        type="org.apache.nifi.processors.standard.RouteOnAttribute",
        at=(second, score_row),
        properties={"Routing Strategy": "Route to Property name", **expressions.ROUTES},
        dynamic=tuple(expressions.ROUTES),
        concurrent_tasks=_POLLING_TASKS,
        # Each part of a multipart request is a FlowFile; the first is answered for all.
        auto_terminated=("further part",),
        comments="Sends each request one way; the names that begin with a number are refusals with that status.",
    )
    explain = Processor(
        name="Choose status and detail",
        type="org.apache.nifi.processors.attributes.UpdateAttribute",
        bundle=UPDATE_ATTRIBUTE,
        at=(third, error_row),
        properties={
            "Store State": "Do not store state",
            "http.status": expressions.STATUS,
            "http.detail": expressions.DETAIL,
            "http.code": expressions.CODE,
            "http.allow": expressions.ALLOW,
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
            "Replacement Value": expressions.BODY,
        },
        auto_terminated=("failure",),
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
        auto_terminated=("success", "failure"),
    )
    return HttpFront(contexts, receive, route, explain, write, refuse)


def rejected(
    front: HttpFront, at: Point, scorers: Sequence[tuple[Processor, Sequence[Point]]], error_row: int
) -> RejectedRows:
    """What happens to rejected rows: a request without a scored row is answered with an error.

    ``scorers`` have the bends of their connections. The others of a request are answered with its scores.
    """
    look = Processor(
        name="Was no row scored?",
        type="org.apache.nifi.processors.standard.RouteOnAttribute",
        at=at,
        properties={"Routing Strategy": "Route to Property name", expressions.NO_SCORE: f"{expressions.NONE_SCORED}}}"},
        dynamic=(expressions.NO_SCORE,),
        auto_terminated=("unmatched",),
        comments="Rejected rows of a request end here, unless there is nothing else to answer it with.",
    )
    above = error_row - 96
    return RejectedRows(
        look,
        [
            *(request_queue("rejected rows", one, ["rejected"], look, bends) for one, bends in scorers),
            request_queue(
                "no row was scored",
                look,
                [expressions.NO_SCORE],
                front.explain,
                [(look.middle[0], above), (front.explain.middle[0] + 96, above)],
            ),
        ],
    )


def model_questions(front: HttpFront, scorer: Processor, relationships: Sequence[str], name: str) -> Connection:
    """Requests about the model, in a separate queue to the scoring processor so that they do not wait behind rows."""
    above = front.route.at[1] - 84
    bends = [(front.route.middle[0] + 96, above), (scorer.middle[0], above)]
    return request_queue(name, front.route, relationships, scorer, bends)


def answer(
    name: str, at: Point, contexts: Service, auto_terminated: tuple[str, ...] = ("success", "failure")
) -> Processor:
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
        concurrent_tasks=_POLLING_TASKS,
        auto_terminated=auto_terminated,
        comments="200, with all rows in the format in which they came. ?columns=predictions leaves out what came in.",
    )


def endpoint(values: Mapping[str, str | None]) -> str | None:
    """Where a deployment with these parameters takes rows, if it listens; for all interfaces, the loopback address."""
    port = values.get("http.port")
    if port is None:
        return None
    host = values.get("http.host") or "127.0.0.1"
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/score"
