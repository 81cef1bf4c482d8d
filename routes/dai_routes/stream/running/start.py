"""Starts a worker in this process, and ends it after SIGTERM or ctrl-C."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable

from dai_routes.stream.arguments import Common
from dai_routes.stream.contract import Broker
from dai_routes.stream.messages.formats import AsTheyAre, Decoder, MessageFormat
from dai_routes.stream.running.counts import Counts, answering
from dai_routes.stream.running.watchdog import Watchdog
from dai_routes.stream.running.worker import Limits, Worker
from dai_routes.stream.stop import Stop
from dai_scoring.cli import signals
from dai_scoring.cli.opening import translated
from dai_scoring.service import ScoringService
from dai_scoring.service.single_records import RecordScorer


def run(common: Common, connect: Callable[[Stop], Broker]) -> None:
    """Load the model, connect, and work until a signal comes, or with --drain until no message waits.

    ``connect`` is given what a signal sets, for its waits when it connects again.
    """
    common.check()
    options = common.record_options()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING, stream=sys.stderr)
    counts = Counts()
    stop = Stop()
    decoder = _decoder(common)
    with answering(counts, common.metrics_host, common.metrics_port) as port:
        if port is not None:
            print(f"Metrics at http://{common.metrics_host}:{port}/metrics", flush=True)
        with translated():
            service = ScoringService.open(
                common.model, options, runtime=common.runtime, settings=common.runtime_settings()
            )
        with service:
            with service.scorer() as scorer:
                counts.model = scorer.info.id
                common.check_columns([column.name for column in scorer.info.inputs])
            watchdog = Watchdog(common.stall_timeout, stop)
            with watchdog.over("connecting"):
                broker = connect(stop)
            # Only now: until here there is nothing to settle, and a signal ends the wait for a broker that is away.
            signals.release()
            stop.set_by_signals()
            try:
                limits = Limits(common.max_batch, common.max_deliveries, common.drain)
                scorer_of_records = RecordScorer(service, options, common.columns_of_csv)
                # What is here stays: looking through it again and again would take longer than scoring.
                gc.freeze()
                counts.is_ready = True
                print(f"Scoring {common.source} into {common.target}; rejected: {common.rejects_to}", flush=True)
                Worker(broker, decoder, scorer_of_records, limits, watchdog, counts, stop).run()
            finally:
                counts.is_ready = False
                with watchdog.over("disconnecting"):
                    broker.close()
    rejected = sum(counts.rejected.values())
    print(f"{counts.scored:,} messages scored, {rejected:,} rejected", flush=True)


def _decoder(common: Common) -> Decoder:
    if common.message_format is not MessageFormat.AVRO:
        return AsTheyAre()
    from dai_routes.stream.messages.avro import AvroDecoder
    from dai_routes.stream.messages.registry import SchemaRegistry

    return AvroDecoder(None if common.schema_registry is None else SchemaRegistry(common.schema_registry))
