"""The template stream-rabbitmq: messages of a queue, their scores in another."""

from __future__ import annotations

from collections.abc import Mapping

from dai_nifi.flows.builder import Flow
from dai_nifi.flows.common import LICENCE, MODEL, Kind, Parameter, ScoringRuntime, Template
from dai_nifi.flows.parts import Bundle, Point, Processor
from dai_nifi.flows.settings import settings
from dai_nifi.flows.stream import reasons
from dai_nifi.flows.stream.messages import (
    PREPARE_AT,
    RECEIVE_AT,
    REJECTED_AT,
    SCORES_AT,
    Ends,
    Texts,
    different,
    stream_flow,
    update_attributes,
)

NAME = "stream-rabbitmq"
SUMMARY = "Score the messages of a RabbitMQ queue: scores go to a queue with their headers, rejected ones to another."

BROKERS = "rabbitmq.brokers"
HOST = "rabbitmq.virtual.host"
USER = "rabbitmq.user"
PASSWORD = "rabbitmq.password"  # noqa: S105 - the name of a parameter
SOURCE = "source.queue"
TARGET = "target.queue"
REJECTED = "rejected.queue"

SETTINGS = settings()

PARAMETERS = (
    Parameter(BROKERS, "Where RabbitMQ is: HOST:PORT, several of one cluster separated by commas."),
    Parameter(HOST, "The virtual host.", "/"),
    Parameter(USER, "The user to log in as."),
    Parameter(
        PASSWORD,
        "That user's password. dai-nifi deploy takes it from the environment variable RABBITMQ_PASSWORD.",
        kind=Kind.SENSITIVE,
        optional=True,
        variable="RABBITMQ_PASSWORD",
    ),
    Parameter(SOURCE, "The queue with the messages to score. It must exist, as the others."),
    Parameter(TARGET, "The queue for the scores, each with the headers and the id of its message."),
    Parameter(
        REJECTED,
        "The queue for messages that cannot be scored, with the reason, the exchange and the routing key in the "
        "headers dai-reject-*.",
    ),
    MODEL,
    LICENCE,
    *SETTINGS,
)

_BUNDLE = Bundle("nifi-amqp-nar")

SEPARATOR = "␟"
"""Between headers in the attribute amqp$headers: no header has it, but many have a comma, which is NiFi's default."""

_HEADERS = "amqp$headers"


def validate(values: Mapping[str, str | None]) -> None:
    """Raise UsageError for queues that are the same."""
    different(values, SOURCE, TARGET, REJECTED)


def build(runtime: ScoringRuntime) -> Flow:
    """Put the flow together for a runtime."""
    common = {
        "Brokers": f"#{{{BROKERS}}}",
        "Virtual Host": f"#{{{HOST}}}",
        "User Name": f"#{{{USER}}}",
        "Password": f"#{{{PASSWORD}}}",
    }
    receive = Processor(
        name="Take messages",
        type="org.apache.nifi.amqp.processors.ConsumeAMQP",
        bundle=_BUNDLE,
        at=RECEIVE_AT,
        properties={
            **common,
            "Queue": f"#{{{SOURCE}}}",
            "auto.acknowledge": "false",
            # Takes what waits, and waits for nothing.
            "batch.size": "100",
            # Without a limit, the broker would send all that it has into NiFi's memory.
            "prefetch.count": "1000",
            # In the way in which PublishAMQP reads them again.
            "header.format": "Comma-Separated String",
            "header.separator": SEPARATOR,
            "remove.curly.braces": "True",
        },
        sensitive=("Password",),
        comments="Messages are acknowledged once NiFi has them in its repositories.",
    )
    prepare = update_attributes(
        "Forget earlier results",
        PREPARE_AT,
        {
            # RabbitMQ keeps what has this mode through a restart.
            "amqp$deliveryMode": "2",
            "filename": f"#{{{SOURCE}}}-${{'amqp$messageId':replaceEmpty(${{uuid}})}}",
        },
        "Names the message by its queue and id, as bulletins show it. RabbitMQ refuses a message with the id of a user "
        "who is not the one that sends it.",
        deleted=r"(scoring|flowfile|dai)[.].*|amqp.(userId|clusterId)",
    )
    return stream_flow(
        NAME,
        SUMMARY,
        PARAMETERS,
        SETTINGS,
        runtime,
        Ends(
            receive,
            prepare,
            _sender("Send scores", SCORES_AT, common, TARGET),
            _sender("Send rejected messages", REJECTED_AT, common, REJECTED),
        ),
        {
            _HEADERS: _with_headers(
                {
                    "dai-reject-code": reasons.CODE,
                    "dai-reject-column": reasons.COLUMN,
                    "dai-reject-reason": reasons.REASON,
                    "dai-reject-queue": f"${{#{{{SOURCE}}}}}",
                    "dai-reject-exchange": "${'amqp$exchange'}",
                    "dai-reject-routing-key": "${'amqp$routingKey'}",
                }
            )
        },
        Texts(
            "Scoring of a RabbitMQ queue",
            "Messages of (source.queue) are scored one by one, in their order. A score has the headers, the id and the "
            "other properties of its message. Headers become text, and NiFi drops one whose value has an equals sign.",
            [
                "Make the queues (source.queue), (target.queue) and (rejected.queue).",
                "Right-click the canvas, Parameters: set rabbitmq.*, the queues, model.file (upload the model as an "
                "asset) and, for models that need one, licence.key.",
                "For TLS, set SSL Context Service in the three processors that name the broker.",
                "Right-click the canvas, Start.",
            ],
            "(target.queue)",
            "(rejected.queue)",
        ),
    )


def _with_headers(further: Mapping[str, str]) -> str:
    """An expression: the headers of a message and further ones, without what NiFi splits headers at."""
    present = f"${{'{_HEADERS}':isEmpty():ifElse('', ${{'{_HEADERS}':append('{SEPARATOR}')}})}}"
    cleaned = (
        f"{name}={value.removesuffix('}')}:replaceAll('[={SEPARATOR}]', ' ')}}" for name, value in further.items()
    )
    return present + SEPARATOR.join(cleaned)


def _sender(name: str, at: Point, common: Mapping[str, str], queue: str) -> Processor:
    return Processor(
        name=name,
        type="org.apache.nifi.amqp.processors.PublishAMQP",
        bundle=_BUNDLE,
        at=at,
        properties={
            **common,
            # Through the default exchange, which is there in every RabbitMQ and knows each queue by its name.
            "Routing Key": f"#{{{queue}}}",
            "Headers Source": "AMQP_HEADERS_ATTRIBUTE",
            "header.separator": SEPARATOR,
        },
        sensitive=("Password",),
        auto_terminated=("success",),
        retried_relationships=("failure",),
        penalty="1 sec",
        max_penalty="1 min",
        comments=f"Sends to {queue}, with the headers and properties of the message. NiFi does not wait until RabbitMQ "
        "has it; later versions can (Delivery Guarantee).",
    )


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build, validate=validate, for_broker=True)
