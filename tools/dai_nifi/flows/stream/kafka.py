"""The template stream-kafka: messages of a topic, their scores in another."""

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

NAME = "stream-kafka"
SUMMARY = "Score the messages of a Kafka topic: scores go to a topic with key and headers, rejected ones to another."

SERVERS = "kafka.servers"
GROUP = "kafka.group"
START = "kafka.start"
HEADERS = "kafka.headers"
PROTOCOL = "kafka.security.protocol"
MECHANISM = "kafka.sasl.mechanism"
USER = "kafka.user"
PASSWORD = "kafka.password"  # noqa: S105 - the name of a parameter
SIZE = "kafka.max.message.size"
SOURCE = "source.topic"
TARGET = "target.topic"
REJECTED = "rejected.topic"

MESSAGE = "dai-message"
"""The header of a score that says which message it is of: the same for both, if a message is scored twice."""

_KERBEROS = "GSSAPI"

# All but what NiFi and this flow call their own attributes. A FlowFile has the headers of its message as attributes.
_HEADERS = (
    r"(?!uuid$)(?!path$)(?!filename$)(?!mime\.type$)(?!record\.count$)(?!msg\.count$)"
    r"(?!kafka\.)(?!scoring\.)(?!flowfile\.)(?!RouteOnAttribute\.)(?!dai[.-]).+"
)

SETTINGS = settings()

PARAMETERS = (
    Parameter(SERVERS, "Where Kafka is: HOST:PORT, several separated by commas."),
    Parameter(SOURCE, "The topic with the messages to score; several separated by commas."),
    Parameter(
        TARGET,
        "The topic for the scores, each with the key and the headers of its message, and with the message's place in "
        "the header dai-message.",
    ),
    Parameter(
        REJECTED,
        "The topic for messages that cannot be scored, with the reason, the topic, the partition and the offset in the "
        "headers dai-reject-*.",
    ),
    Parameter(
        GROUP,
        "The consumer group: Kafka remembers how far it is. Transactional ids begin with it and a hyphen.",
        "dai-scoring",
    ),
    Parameter(
        START,
        "Where a group begins that Kafka does not know yet: earliest, or latest for new messages alone.",
        "earliest",
        choices=("earliest", "latest"),
    ),
    Parameter(
        HEADERS,
        "Which headers go along, as a regular expression of their names. By default all, but for names that NiFi uses.",
        _HEADERS,
    ),
    Parameter(SIZE, "The largest message that Kafka takes; a score has its input's columns too.", "1 MB"),
    Parameter(
        PROTOCOL,
        "How to speak with Kafka: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.",
        "PLAINTEXT",
        choices=("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    ),
    Parameter(
        MECHANISM,
        "With SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. Without SASL it is not used, and stays GSSAPI.",
        _KERBEROS,
        choices=(_KERBEROS, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
    ),
    Parameter(USER, "The user to log in as, with SASL.", optional=True),
    Parameter(
        PASSWORD,
        "That user's password. dai-nifi deploy takes it from the environment variable KAFKA_PASSWORD.",
        kind=Kind.SENSITIVE,
        optional=True,
        variable="KAFKA_PASSWORD",
    ),
    MODEL,
    LICENCE,
    *SETTINGS,
)

_BUNDLE = Bundle("nifi-kafka-nar")


def validate(values: Mapping[str, str | None]) -> None:
    """Raise UsageError for topics that are the same, or a user that the protocol does not use."""
    topics = [one.strip() for one in (values.get(SOURCE) or "").split(",")]
    for name in (TARGET, REJECTED):
        if values.get(name) in topics:
            raise UsageError(
                f"{name} and {SOURCE} are both {values.get(name)}: the flow would score its own results. Give another "
                "topic."
            )
    different(values, TARGET, REJECTED)
    sasl = (values.get(PROTOCOL) or "").startswith("SASL_")
    if sasl and values.get(MECHANISM) == _KERBEROS:
        raise UsageError(
            f"{PROTOCOL} is {values.get(PROTOCOL)}: say which mechanism with --param {MECHANISM}=SCRAM-SHA-512, "
            "SCRAM-SHA-256 or PLAIN. Kerberos is set on the canvas, in the service Kafka."
        )
    if sasl and not values.get(USER):
        raise UsageError(f"{PROTOCOL} is {values.get(PROTOCOL)}: say who with --param {USER}=NAME.")
    if values.get(USER) and not sasl:
        raise UsageError(
            f"{USER} is given, but {PROTOCOL} is {values.get(PROTOCOL)}, which has no users. With users it is "
            "SASL_SSL, or SASL_PLAINTEXT without encryption."
        )


def build(runtime: ScoringRuntime) -> Flow:
    """Put the flow together for a runtime."""
    kafka = _service()
    receive = Processor(
        name="Take messages",
        type="org.apache.nifi.kafka.processors.ConsumeKafka",
        bundle=_BUNDLE,
        at=RECEIVE_AT,
        properties={
            "Kafka Connection Service": kafka,
            "Group ID": f"#{{{GROUP}}}",
            "Topic Format": "names",
            "Topics": f"#{{{SOURCE}}}",
            # NiFi's default would skip everything that is there already.
            "auto.offset.reset": f"#{{{START}}}",
            "Commit Offsets": "true",
            # Messages together in a FlowFile would have neither key nor headers.
            "Processing Strategy": "FLOW_FILE",
            "Header Name Pattern": f"#{{{HEADERS}}}",
            "Header Encoding": "UTF-8",
        },
        comments="Offsets are committed once NiFi has the messages in its repositories.",
    )
    prepare = update_attributes(
        "Forget earlier results",
        PREPARE_AT,
        dict.fromkeys((MESSAGE, "filename"), "${kafka.topic}-${kafka.partition}-${kafka.offset}"),
        "Names the message by its topic, partition and offset, for readers and as bulletins show it.",
        deleted=rf"(?!{MESSAGE}$)(scoring|flowfile|dai)[.-].*",
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
            _sender("Send scores", SCORES_AT, kafka, TARGET, f"{MESSAGE}|#{{{HEADERS}}}"),
            _sender("Send rejected messages", REJECTED_AT, kafka, REJECTED, f"dai-reject-.+|#{{{HEADERS}}}"),
            [kafka],
        ),
        {
            "dai-reject-code": reasons.CODE,
            "dai-reject-column": reasons.COLUMN,
            "dai-reject-reason": reasons.REASON,
            "dai-reject-topic": "${kafka.topic}",
            "dai-reject-partition": "${kafka.partition}",
            "dai-reject-offset": "${kafka.offset}",
        },
        Texts(
            "Scoring of a Kafka topic",
            "Messages of (source.topic) are scored one by one, in the order of their partition. A score has the key "
            "and the headers of its message, so it is in the partition of that key. Scores are written in "
            "transactions: readers set isolation.level to read_committed.",
            [
                "Make the topics (source.topic), (target.topic) and (rejected.topic), if Kafka does not make them.",
                "Right-click the canvas, Parameters: set kafka.*, the topics, model.file (upload the model as an "
                "asset) and, for models that need one, licence.key.",
                "Right-click the canvas, Enable all controller services; the service Kafka takes an SSL Context "
                "Service.",
                "Right-click the canvas, Start.",
            ],
            "(target.topic)",
            "(rejected.topic)",
        ),
    )


def _service() -> Service:
    return Service(
        name="Kafka",
        type="org.apache.nifi.kafka.service.Kafka3ConnectionService",
        bundle=Bundle("nifi-kafka-3-service-nar"),
        api="org.apache.nifi.kafka.service.api.KafkaConnectionService",
        api_bundle=Bundle("nifi-kafka-service-api-nar"),
        properties={
            "bootstrap.servers": f"#{{{SERVERS}}}",
            # Its default differs between versions of NiFi.
            "security.protocol": f"#{{{PROTOCOL}}}",
            "sasl.mechanism": f"#{{{MECHANISM}}}",
            "sasl.username": f"#{{{USER}}}",
            "sasl.password": f"#{{{PASSWORD}}}",
            # Messages of transactions that were given up are not messages.
            "isolation.level": "read_committed",
            # NiFi takes so many at once, whatever waits behind them.
            "max.poll.records": "1000",
        },
        sensitive=("sasl.password",),
        comments="For TLS with certificates of your own, set SSL Context Service here.",
    )


def _sender(name: str, at: Point, kafka: Service, topic: str, headers: str) -> Processor:
    return Processor(
        name=name,
        type="org.apache.nifi.kafka.processors.PublishKafka",
        bundle=_BUNDLE,
        at=at,
        properties={
            "Kafka Connection Service": kafka,
            "Topic Name": f"#{{{topic}}}",
            # What cannot be sent stays in its queue, in its place.
            "Failure Strategy": "Rollback",
            "acks": "all",
            "Transactions Enabled": "true",
            "Transactional ID Prefix": f"#{{{GROUP}}}-",
            # The partition of a message's key; those without a key go anywhere. Kafka Key stays empty: so the key is
            # the attribute kafka.key.
            "partitioner.class": "org.apache.kafka.clients.producer.internals.DefaultPartitioner",
            "max.request.size": f"#{{{SIZE}}}",
            "FlowFile Attribute Header Pattern": headers,
            "Header Encoding": "UTF-8",
        },
        auto_terminated=("success",),
        comments=f"Sends to {topic}, with key and headers. What cannot be sent stays in the queue and is tried again.",
    )


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build, validate=validate, for_broker=True)
