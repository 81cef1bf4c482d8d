"""``dai-score stream``: scores the messages of a broker. Imports a broker's client only when its command runs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from dai_routes.stream import client_settings
from dai_routes.stream.arguments import Common, with_common
from dai_routes.stream.running import start
from dai_scoring import extras
from dai_scoring.cli import group
from dai_scoring.cli.errors import MissingExtraError

app = typer.Typer(cls=group.Listing, add_completion=False, **group.SETTINGS)


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
    client = client_settings.read("DAI_KAFKA_", client_config)

    def connect() -> Any:
        return module.Kafka(
            module.KafkaSettings(
                servers, common.source, common.target, common.rejects_to, group_id, worker_id,
                not at_least_once, common.broker_timeout, client,
            )
        )  # fmt: skip

    start.run(common, connect)
