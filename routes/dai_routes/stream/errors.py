"""The errors of ``dai-score stream``, with their exit codes."""

from __future__ import annotations

from dai_scoring.cli.errors import ToolError


class BrokerError(ToolError):
    """The broker refuses something, such as a topic that does not exist or a permission."""

    code = "broker"


class UnreachableError(BrokerError):
    """No broker answers, or it refuses the credentials."""

    exit_code = 4
    code = "unreachable"


class StalledError(BrokerError):
    """A call of the broker's client did not return: the watchdog ends the process."""

    exit_code = 16
    code = "stalled"


class StoppedError(BrokerError):
    """A signal ended the wait for a broker that is away."""

    code = "stopped"

    def __init__(self, exit_code: int) -> None:
        super().__init__("A signal ended the wait for the broker. No message is lost.")
        self.exit_code = exit_code


class NotSettledError(BrokerError):
    """Messages were neither published nor acknowledged; they will be received again."""

    code = "not_settled"
