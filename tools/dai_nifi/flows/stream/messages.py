"""What the flows of all brokers share: a message is scored on its own, and sent to one place or another.

Each message is a FlowFile, so its key and headers stay with it as attributes. One task after another works on them, and
the queues keep their order, so the scores of a partition or queue come in the order of its messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from dai_nifi.errors import UsageError
from dai_nifi.flows.builder import Flow
from dai_nifi.flows.common import Parameter, ScoringRuntime, parameter_specs, scoring_processor
from dai_nifi.flows.parts import (
    BOX_HEIGHT,
    COLUMN,
    UPDATE_ATTRIBUTE,
    Connection,
    Label,
    Point,
    Processor,
    Service,
    background,
    retry_queue,
)
from dai_nifi.flows.stream import reasons

_REJECT_ROW, _SCORE_ROW, _FAIL_ROW = 0, 352, 704
_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH = (column * COLUMN for column in range(6))

RECEIVE_AT: Point = (_FIRST, _SCORE_ROW)
PREPARE_AT: Point = (_SECOND, _SCORE_ROW)
SCORES_AT: Point = (_SIXTH, _SCORE_ROW)
REJECTED_AT: Point = (_SIXTH, _REJECT_ROW)

_AT_FAULT = "the message is at fault"
_NO_RECORD = "no record"

# Messages wait at their broker rather than here: at most this many are under way.
_UNDER_WAY = 2_000


@dataclass(frozen=True)
class Ends:
    """The processors that speak with the broker, at the places above, and the services that they need."""

    receive: Processor
    """Its messages leave by ``success``."""
    prepare: Processor
    """Changes attributes of a message before it is scored."""
    send_scores: Processor
    send_rejected: Processor
    """Both send by ``success`` and keep what cannot be sent in ``failure``."""
    services: Sequence[Service] = ()


@dataclass(frozen=True)
class Texts:
    """What the canvas says of a flow."""

    title: str
    about: str
    steps: Sequence[str]
    scores_to: str
    rejected_to: str


def different(values: Mapping[str, str | None], *names: str) -> None:
    """Raise UsageError if two of these parameters have the same value."""
    for one, other in combinations(names, 2):
        if values.get(one) == values.get(other):
            raise UsageError(f"{one} and {other} are both {values.get(one)}. They must differ.")


def update_attributes(
    name: str, at: Point, attributes: Mapping[str, str], comments: str, deleted: str | None = None
) -> Processor:
    """A processor that sets attributes, and deletes those whose names the regular expression ``deleted`` matches."""
    return Processor(
        name=name,
        type="org.apache.nifi.processors.attributes.UpdateAttribute",
        bundle=UPDATE_ATTRIBUTE,
        at=at,
        properties={
            "Store State": "Do not store state",
            **({} if deleted is None else {"Delete Attributes Expression": deleted}),
            **attributes,
        },
        dynamic=tuple(attributes),
        comments=comments,
    )


def stream_flow(
    name: str,
    summary: str,
    parameters: Sequence[Parameter],
    settings: Sequence[Parameter],
    runtime: ScoringRuntime,
    ends: Ends,
    reason: Mapping[str, str],
    texts: Texts,
) -> Flow:
    """Put the flow of a broker together; ``reason`` are the attributes that a rejected message gets, by their names."""
    score = scoring_processor(runtime, (_THIRD, _SCORE_ROW), settings, {}, auto_terminated=(), name="Score messages")
    check = Processor(
        name="Is there a score?",
        type="org.apache.nifi.processors.standard.RouteOnAttribute",
        at=(_FOURTH, _SCORE_ROW),
        properties={"Routing Strategy": "Route to Property name", _NO_RECORD: reasons.NO_RECORD},
        dynamic=(_NO_RECORD,),
        comments="A message without a record has none. The target gets no empty message, which Kafka may take for the "
        "deletion of a key.",
    )
    find = Processor(
        name="Find the reason",
        type="org.apache.nifi.processors.standard.ExtractText",
        at=(_FOURTH, _REJECT_ROW),
        properties={"Include Capture Group 0": "false", **reasons.FIRST_REASON},
        dynamic=tuple(reasons.FIRST_REASON),
        comments="Rejected rows name their reasons. The first one goes into the headers too, if the rows are JSON.",
    )
    describe = update_attributes(
        "Say why, and where from",
        (_FIFTH, _REJECT_ROW),
        reason,
        "The reason and the source go with the message as headers, so that it can be put right and sent again.",
    )
    look = Processor(
        name="Whose fault is it?",
        type="org.apache.nifi.processors.standard.RouteOnAttribute",
        at=(_FOURTH, _FAIL_ROW),
        properties={"Routing Strategy": "Route to Property name", _AT_FAULT: reasons.MESSAGE_IS_AT_FAULT},
        dynamic=(_AT_FAULT,),
        comments="A message that no model could score is rejected. If the model cannot score, messages wait. What "
        f"fails for another reason is rejected after {reasons.ATTEMPTS} attempts.",
    )
    wait = Processor(
        name="Wait half a minute",
        type="org.apache.nifi.processors.standard.RetryFlowFile",
        at=(_THIRD, _FAIL_ROW),
        properties={"maximum-retries": "1000000", "penalize-retries": "true", "reuse-mode": "reset"},
        penalty="30 sec",
        comments="Messages that could not be scored wait here and are tried again. The attribute scoring.error says "
        "what is wrong.",
    )
    beside_score, above_look = score.middle[0] + 304, look.middle[1]
    return Flow(
        name=name,
        comments=summary,
        parameters=parameter_specs(*parameters, *runtime.parameters),
        services=list(ends.services),
        processors=[
            ends.receive,
            ends.prepare,
            score,
            check,
            ends.send_scores,
            find,
            describe,
            ends.send_rejected,
            look,
            wait,
        ],
        connections=[
            _in_order("messages", ends.receive, ["success"], ends.prepare),
            _in_order("messages to score", ends.prepare, ["success"], score),
            _in_order("scored messages", score, ["success"], check),
            _in_order("scores", check, ["unmatched"], ends.send_scores),
            _in_order("messages without a record", check, [_NO_RECORD], describe),
            _in_order("rejected rows", score, ["rejected"], find, [(score.middle[0], find.middle[1])]),
            _in_order("with the reason", find, ["matched", "unmatched"], describe),
            _in_order("rejected messages", describe, ["success"], ends.send_rejected),
            _in_order(
                "not scored",
                score,
                ["failure"],
                look,
                [(beside_score, score.middle[1] + 32), (beside_score, above_look)],
            ),
            _in_order("messages at fault", look, [_AT_FAULT], describe, [(describe.middle[0], look.middle[1])]),
            _in_order(
                "other failures",
                look,
                ["unmatched"],
                wait,
                [(look.middle[0], look.at[1] + BOX_HEIGHT + 72), (wait.middle[0], look.at[1] + BOX_HEIGHT + 72)],
            ),
            _in_order("try again", wait, ["retry", "retries_exceeded", "failure"], score),
            *(retry_queue(one, in_order=True) for one in (ends.send_scores, ends.send_rejected)),
        ],
        labels=_labels(texts),
    )


def _in_order(
    name: str, source: Processor, relationships: Sequence[str], target: Processor, bends: Sequence[Point] = ()
) -> Connection:
    return Connection(name, source, relationships, target, bends, back_pressure_flowfiles=_UNDER_WAY, in_order=True)


def _labels(texts: Texts) -> list[Label]:
    # NiFi's own panels lie over the upper left corner: nothing is there.
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(texts.steps, start=1))
    return [
        Label(
            f"{texts.title}\n\n{texts.about}\n\n"
            "A message is sent again if NiFi is killed before the broker knows that it was taken: readers of the "
            "scores recognise it by its key or id.",
            (_FIRST - 656, _FAIL_ROW),
            (592, 320),
            font_size=18,
        ),
        Label(f"To run it\n\n{steps}", (_FIRST, _REJECT_ROW - 336), (REJECTED_AT[0] + 384, 240), "#dcefdc", 18),
        background(f"Messages that cannot be scored, to {texts.rejected_to}", (_FOURTH, _REJECT_ROW), 3, "#fdf0d5"),
        background(f"Scores, to {texts.scores_to}", SCORES_AT, 1, "#e3f1e3"),
        background("Messages that failed as a whole", (_THIRD, _FAIL_ROW), 2, "#fbe6e3"),
    ]
