"""Errors of Kafka's client, as those of the worker."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from confluent_kafka import KafkaError

from dai_routes.stream.brokers.kafka_publisher import TOO_LARGE, TooLargeError
from dai_routes.stream.errors import BrokerError, UnreachableError

_logger = logging.getLogger(__name__)

_REFUSED = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError._SSL,
        KafkaError.SASL_AUTHENTICATION_FAILED,
    }
)
_DENIED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
_AWAY = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT})


class ClientErrors:
    """Logs an error of the client once a minute, and keeps the first that says that the broker refuses us.

    ``needs`` says which permissions the worker needs.
    """

    def __init__(self, servers: str, needs: str) -> None:
        self._servers = servers
        self._needs = needs
        self._said: dict[int, float] = {}
        self.refused: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Take an error of the client, as its ``error_cb``."""
        if error.code() in _REFUSED:
            self.refused = self.refused or error
        now = time.monotonic()
        if now - self._said.get(error.code(), -60.0) >= 60.0:
            self._said[error.code()] = now
            _logger.warning("Kafka: %s", error.str())

    def of_publishing(self, errors: Sequence[KafkaError]) -> BrokerError | TooLargeError:
        """The error to raise for these: TooLargeError if all that was refused was so for its size."""
        other = next((one for one in errors if one.code() != TOO_LARGE and not one.txn_requires_abort()), None)
        if other is None and errors[0].code() == TOO_LARGE:
            return TooLargeError(errors[0])
        return self.as_tool_error(other or errors[0])

    def as_tool_error(self, error: KafkaError, what: str = "Kafka does not go on") -> BrokerError:
        """The error that ends the worker."""
        said = f"{what}: {error.str().rstrip('.')} ({error.name()})."
        if error.code() in _REFUSED:
            return UnreachableError(f"{said} Look at the credentials and certificates for {self._servers}.")
        if is_denied(error):
            return BrokerError(f"{said} The worker's user needs {self._needs}. Nothing is lost.")
        if error.code() in _AWAY:
            return UnreachableError(f"No broker of {self._servers} answers. {said}")
        return BrokerError(said)


def is_denied(error: KafkaError) -> bool:
    """Whether a permission is missing, so that the same again does not help."""
    return error.code() in _DENIED
