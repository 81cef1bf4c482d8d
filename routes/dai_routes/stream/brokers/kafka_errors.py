"""Errors of Kafka's client, as those of the worker."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaError

from dai_routes.stream.brokers import kafka_access
from dai_routes.stream.brokers.kafka_publisher import REFUSED, TOO_LARGE, RefusedError
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

    ``needs`` says which permissions the worker needs. ``client`` are the user's settings.
    """

    def __init__(self, servers: str, needs: str, client: Mapping[str, str]) -> None:
        self._servers = servers
        self._client = client
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

    def of_publishing(self, errors: Sequence[KafkaError]) -> BrokerError | RefusedError:
        """The error to raise for these: RefusedError if messages were refused for nothing but what they are."""
        found = [one for one in errors if not one.txn_requires_abort()]
        other = next((one for one in found if one.code() not in REFUSED), None)
        if found and other is None:
            return RefusedError(next((one for one in found if one.code() != TOO_LARGE), found[0]))
        return self.as_tool_error(other or errors[0])

    def of_first_answer(self, error: KafkaError, is_last: bool) -> BrokerError | None:
        """The error if no broker has answered yet; None if another attempt may help, unless this was the last."""
        if self.refused is not None:
            return self.as_tool_error(self.refused)
        if error.code() in _AWAY and (said := kafka_access.of_tls(self._servers, self._client)):
            return UnreachableError(f"Kafka does not go on: {said}")
        if not is_last:
            return None
        found = self.as_tool_error(error)
        if error.code() in _AWAY:
            return UnreachableError(f"{found}{kafka_access.of_silence(self._servers, self._client)}")
        return found

    def as_tool_error(self, error: KafkaError, what: str = "Kafka does not go on") -> BrokerError:
        """The error that ends the worker."""
        said = f"{what}: {error.str().rstrip('.')} ({error.name()})."
        if error.code() in _REFUSED:
            return UnreachableError(f"{said} {kafka_access.of_refusal(error.str(), self._servers)}")
        if is_denied(error):
            return BrokerError(f"{said} The worker's user needs {self._needs}. Nothing is lost.")
        if error.code() in _AWAY:
            return UnreachableError(f"No broker of {self._servers} answers. {said}")
        return BrokerError(said)


def is_denied(error: KafkaError) -> bool:
    """Whether a permission is missing, so that the same again does not help."""
    return error.code() in _DENIED


def is_of_group(error: KafkaError) -> bool:
    """Whether the partitions have gone to another worker."""
    return error.code() in (
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError._STATE,
    )
