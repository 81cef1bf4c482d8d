"""``dai-score stream``: scores the messages of a broker. Imports a broker's client only when its command runs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from dai_routes.stream import addresses, client_settings
from dai_routes.stream.arguments import Common, with_common
from dai_routes.stream.running import start
from dai_routes.stream.stop import Stop
from dai_scoring import extras
from dai_scoring.cli import group
from dai_scoring.cli.errors import MissingExtraError, UsageError

app = typer.Typer(cls=group.CommandGroup, add_completion=False, **group.SETTINGS)


@app.callback()
def stream() -> None:
    """Score the messages of a broker as they come, until SIGTERM or ctrl-C."""


def _adapter(module: str, extra: str) -> Any:
    try:
        return import_module(f"dai_routes.stream.brokers.{module}")
    except ModuleNotFoundError as error:
        raise MissingExtraError(extras.absent(error, extra)) from error


@app.command()
@with_common
def kafka(
    common: Common,
    servers: Annotated[str, typer.Option(help="Brokers to begin with: HOST:PORT, separated by commas.")],
    group_id: Annotated[
        str, typer.Option("--group", help="The consumer group. Workers of a group share the partitions.")
    ] = "dai-score",
    worker_id: Annotated[
        str | None,
        typer.Option(
            help="A name that no other worker of the group has. A worker that was killed and starts again under its "
            "name goes on at once; without a name, its last batch waits up to 30 s."
        ),
    ] = None,
    at_least_once: Annotated[
        bool, typer.Option("--at-least-once", help="Without transactions: a worker that dies may publish scores twice.")
    ] = False,
    client_config: Annotated[
        Path | None,
        typer.Option(
            help="A file of settings of librdkafka, such as security.protocol=SASL_SSL, one a line. Each can be set "
            "in the environment too, as DAI_KAFKA_SECURITY_PROTOCOL."
        ),
    ] = None,
) -> None:
    """Score a topic of Kafka into another one, each message once, in the order of its partition.

    Keys and headers are kept. Readers of the scores must set isolation.level to read_committed.
    """
    module = _adapter("kafka", "kafka")
    # A file of settings is often written for other clients too: its servers are not those of the command.
    client = {**client_settings.read("DAI_KAFKA_", client_config), "bootstrap.servers": servers}

    def connect(stop: Stop) -> Any:
        return module.Kafka(
            module.KafkaSettings(
                servers, common.source, common.target, common.rejects_to, group_id, worker_id,
                not at_least_once, common.broker_timeout, client,
            ),
            stop,
        )  # fmt: skip

    start.run(common, connect)


@app.command()
@with_common
def redis(
    context: typer.Context,
    common: Common,
    url: Annotated[
        str,
        typer.Option(
            envvar="DAI_REDIS_URL",
            help="The server: redis://HOST:PORT/0, or rediss:// for TLS. With a password, set it as DAI_REDIS_URL.",
        ),
    ],
    group_id: Annotated[
        str, typer.Option("--group", help="The consumer group. Workers of a group share the messages.")
    ] = "dai-score",
    field: Annotated[str, typer.Option(help="The field of a message that has its record; others are kept.")] = "value",
    idle: Annotated[
        float, typer.Option(min=0.1, help="Take over what a worker has not acknowledged for so many seconds.")
    ] = 60.0,
) -> None:
    """Score a stream of Redis into another one, each message at least once.

    The id of the incoming message is in the field source_id.
    """
    module = _adapter("redis_streams", "redis")
    addresses.check(context, url, ("redis", "rediss", "unix"), "DAI_REDIS_URL")

    def connect(stop: Stop) -> Any:
        return module.RedisStreams(
            module.RedisSettings(
                url, common.source, common.target, common.rejects_to, group_id, field, idle, common.broker_timeout
            ),
            stop,
        )

    start.run(common, connect)


@app.command()
@with_common
def rabbitmq(
    context: typer.Context,
    common: Common,
    url: Annotated[
        str,
        typer.Option(
            envvar="DAI_RABBITMQ_URL",
            help="The server: amqp://USER@HOST:PORT/VHOST, or amqps:// for TLS (DAI_RABBITMQ_CA_FILE names an "
            "authority). With a password, set it as DAI_RABBITMQ_URL.",
        ),
    ],
) -> None:
    """Score a queue of RabbitMQ into another one, each message at least once. The queues must exist.

    The message id and the properties of the incoming message are kept.
    """
    module = _adapter("rabbitmq", "rabbitmq")
    addresses.check(context, url, ("amqp", "amqps"), "DAI_RABBITMQ_URL")

    def connect(stop: Stop) -> Any:
        return module.RabbitMQ(
            module.RabbitSettings(
                url, common.source, common.target, common.rejects_to, common.max_batch, common.broker_timeout
            ),
            stop,
        )

    start.run(common, connect)


@app.command()
@with_common
def activemq(
    context: typer.Context,
    common: Common,
    url: Annotated[
        str,
        typer.Option(
            envvar="DAI_ACTIVEMQ_URL",
            help="The broker's connector for STOMP: stomp://HOST:PORT, or stomp+ssl:// for TLS (DAI_ACTIVEMQ_CA_FILE "
            "names an authority). With a password, set it as DAI_ACTIVEMQ_URL.",
        ),
    ],
) -> None:
    """Score a queue of ActiveMQ into another one, each message at least once, by STOMP.

    Headers are kept; the id of the incoming message is in dai-source-id, and in correlation-id if that was not set.
    """
    module = _adapter("activemq", "activemq")
    addresses.check(context, url, ("stomp", "stomp+ssl"), "DAI_ACTIVEMQ_URL")
    if any(name.startswith(("/queue/", "/topic/")) for name in (common.source, common.target, common.rejects_to)):
        raise UsageError(
            "--input, --output and --rejected are names of queues: leave out /queue/. Topics are not read."
        )

    def connect(stop: Stop) -> Any:
        return module.ActiveMQ(
            module.ActiveSettings(
                url, common.source, common.target, common.rejects_to, common.max_batch, common.broker_timeout
            ),
            stop,
        )

    start.run(common, connect)
