"""The template stream-activemq: messages of a JMS queue, their scores in another."""

from __future__ import annotations

from collections.abc import Mapping

from dai_nifi.errors import UsageError
from dai_nifi.flows.builder import Flow
from dai_nifi.flows.common import LICENCE, MODEL, Kind, Parameter, ScoringRuntime, Template
from dai_nifi.flows.parts import Bundle, Point, Processor, Service
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

NAME = "stream-activemq"
SUMMARY = "Score the messages of an ActiveMQ queue: scores go to a queue with its properties, rejected ones to another."

BROKER = "jms.broker"
LIBRARY = "jms.client.library"
CLASS = "jms.connection.factory"
USER = "jms.user"
PASSWORD = "jms.password"  # noqa: S105 - the name of a parameter
TYPE = "jms.message.type"
HEADERS = "jms.headers"
SOURCE = "source.queue"
TARGET = "target.queue"
REJECTED = "rejected.queue"

# Names of properties have letters, digits, _ and $, so most of NiFi's attributes are not among them. The broker sets
# where a message goes, when it was sent and how often; JMSXGroupID alone of its own properties says how to treat it.
_HEADERS = (
    r"(?!uuid$)(?!path$)(?!filename$)(?!jms_destination$)(?!jms_replyTo$)(?!jms_redelivered$)(?!jms_deliveryMode$)"
    r"(?!jms_timestamp$)(?!JMSX(?!Group))(?!dai_)[A-Za-z_$][A-Za-z0-9_$]*"
)

SETTINGS = settings()

PARAMETERS = (
    Parameter(
        BROKER, "Where the broker is, such as tcp://mq.example.com:61616 or failover:(tcp://a:61616,tcp://b:61616)."
    ),
    Parameter(
        LIBRARY,
        "The folder with the jars of the broker's client for Jakarta Messaging, on every machine that runs NiFi: of "
        "ActiveMQ 6 (activemq-client and what it needs), or artemis-jakarta-client-all.",
    ),
    Parameter(
        CLASS,
        "The client's connection factory. Artemis: org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory.",
        "org.apache.activemq.ActiveMQConnectionFactory",
    ),
    Parameter(SOURCE, "The queue with the messages to score."),
    Parameter(TARGET, "The queue for the scores, each with the properties of its message."),
    Parameter(
        REJECTED,
        "The queue for messages that cannot be scored, with the reason, the queue and the id in the properties "
        "dai_reject_*.",
    ),
    Parameter(USER, "The user to log in as.", optional=True),
    Parameter(
        PASSWORD,
        "That user's password. dai-nifi deploy takes it from the environment variable JMS_PASSWORD.",
        kind=Kind.SENSITIVE,
        optional=True,
        variable="JMS_PASSWORD",
    ),
    Parameter(
        TYPE, "What scores are sent as: text, or bytes for formats such as Avro.", "text", choices=("text", "bytes")
    ),
    Parameter(
        HEADERS,
        "Which properties go along, as a regular expression of their names. By default all, but for names that NiFi or "
        "the broker uses. jms_messageId is the id of the scored message.",
        _HEADERS,
    ),
    MODEL,
    LICENCE,
    *SETTINGS,
)

_BUNDLE = Bundle("nifi-jms-processors-nar")


def validate(values: Mapping[str, str | None]) -> None:
    """Raise UsageError for queues that are the same, or a password in the broker's address."""
    different(values, SOURCE, TARGET, REJECTED)
    if "password=" in (values.get(BROKER) or "").lower():
        raise UsageError(
            f"The parameter {BROKER} holds a password, and everybody who sees the flow sees the address. Put the "
            "password into the environment variable JMS_PASSWORD."
        )


def build(runtime: ScoringRuntime) -> Flow:
    """Put the flow together for a runtime."""
    broker = _service()
    common: dict[str, str | Service] = {
        "Connection Factory Service": broker,
        "Destination Type": "QUEUE",
        "User Name": f"#{{{USER}}}",
        "Password": f"#{{{PASSWORD}}}",
        "character-set": "UTF-8",
    }
    receive = Processor(
        name="Take messages",
        type="org.apache.nifi.jms.processors.ConsumeJMS",
        bundle=_BUNDLE,
        at=RECEIVE_AT,
        properties={
            **common,
            "Destination Name": f"#{{{SOURCE}}}",
            # CLIENT_ACKNOWLEDGE: the broker forgets a message once NiFi has it in its repositories.
            "Acknowledgement Mode": "2",
            # More would wait for further messages before they pass on the first.
            "Maximum Batch Size": "1",
            # Messages of kinds that have no contents for NiFi go there.
            "Error Queue Name": f"#{{{REJECTED}}}",
        },
        sensitive=("Password",),
        comments="A message is acknowledged once NiFi has it in its repositories.",
    )
    prepare = update_attributes(
        "Forget earlier results",
        PREPARE_AT,
        {"filename": "${jms_messageId}"},
        "Names the message by its id, as bulletins show it.",
        deleted=r"(scoring|flowfile|dai)[._].*",
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
            _sender("Send scores", SCORES_AT, common, TARGET, f"#{{{HEADERS}}}"),
            _sender("Send rejected messages", REJECTED_AT, common, REJECTED, f"dai_reject_.+|#{{{HEADERS}}}"),
            [broker],
        ),
        {
            "dai_reject_code": reasons.CODE,
            "dai_reject_column": reasons.COLUMN,
            "dai_reject_reason": reasons.REASON,
            "dai_reject_queue": "${jms_destination}",
            "dai_reject_id": "${jms_messageId}",
        },
        Texts(
            "Scoring of an ActiveMQ queue",
            "Messages of (source.queue) are scored one by one, in their order. A score has the properties of its "
            "message, and its id as jms_messageId.",
            [
                "Put the broker's client into (jms.client.library), on every machine that runs NiFi.",
                "Right-click the canvas, Parameters: set jms.*, the queues, model.file (upload the model as an asset) "
                "and, for models that need one, licence.key.",
                "Right-click the canvas, Enable all controller services; the service Broker takes an SSL Context "
                "Service.",
                "Right-click the canvas, Start.",
            ],
            "(target.queue)",
            "(rejected.queue)",
        ),
    )


def _service() -> Service:
    return Service(
        name="Broker",
        type="org.apache.nifi.jms.cf.JMSConnectionFactoryProvider",
        bundle=_BUNDLE,
        api="org.apache.nifi.jms.cf.JMSConnectionFactoryProviderDefinition",
        api_bundle=Bundle("nifi-jms-cf-service-nar"),
        properties={"cf": f"#{{{CLASS}}}", "cflib": f"#{{{LIBRARY}}}", "broker": f"#{{{BROKER}}}"},
        comments="For TLS with certificates of your own, set SSL Context Service here.",
    )


def _sender(name: str, at: Point, common: Mapping[str, str | Service], queue: str, headers: str) -> Processor:
    return Processor(
        name=name,
        type="org.apache.nifi.jms.processors.PublishJMS",
        bundle=_BUNDLE,
        at=at,
        properties={
            **common,
            "Destination Name": f"#{{{queue}}}",
            "message-body-type": f"#{{{TYPE}}}",
            # NiFi's default would send every attribute.
            "attributes-to-send-as-jms-headers-regex": headers,
            "allow-illegal-chars-in-jms-header-names": "false",
            # Takes what waits, and waits for nothing.
            "Maximum Batch Size": "100",
        },
        sensitive=("Password",),
        auto_terminated=("success",),
        retried_relationships=("failure",),
        penalty="1 sec",
        max_penalty="1 min",
        comments=f"Sends to {queue}, with the properties of the message. What cannot be sent waits and is tried again.",
    )


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build, validate=validate, for_broker=True)
