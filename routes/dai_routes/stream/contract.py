"""What the worker knows of a broker: :class:`Broker`, and the messages that it gives and takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True)
class Message:
    """A message as it was received. It is not frozen, since one is made for each message, but nothing changes it.

    ``deliveries`` counts how often the broker has delivered it, this time included; None if the broker does not count.
    ``handle`` is the broker's own. ``is_kept`` says that the input still has the message after it was settled.
    """

    value: bytes | None
    key: bytes | None = None
    headers: Any = None
    deliveries: int | None = None
    handle: Any = field(default=None, repr=False)
    is_kept: bool = False


@dataclass(slots=True)
class Result:
    """What to publish for a message: to the output, or, if there is a ``reject_code``, to the rejected messages.

    ``headers`` are to be added to those of the message. ``short`` is sent instead of ``contents`` if the broker does
    not take a message of that size.
    """

    message: Message
    contents: bytes
    reject_code: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    short: bytes | None = None


class Broker(Protocol):
    """A connection to a broker. All methods raise ToolError; all but ``source`` are called in one thread.

    Raise :class:`dai_routes.stream.errors.NotSettledError` if all messages that were received and are not settled will
    be received again.
    """

    def receive(self, most: int, seconds: float) -> list[Message]:
        """Wait so long for a message; return it and those that are there already, at most ``most``, in order.

        It may be called again before what it returned is settled.
        """
        ...

    def source(self, message: Message) -> Mapping[str, Any]:
        """Where a message came from, such as topic, partition and offset: part of the message of a rejected record.

        It is called while another thread makes one of the other calls.
        """
        ...

    def settle(self, results: Sequence[Result]) -> Sequence[Result]:
        """Publish results, and acknowledge their messages: the next ones that were received, and are not settled yet.

        Either both are done or, as far as the broker can do that, none: then the messages are delivered again.
        Gives what was published: a score that the broker does not take, such as a large one, may have been rejected.
        """
        ...

    def is_caught_up(self) -> bool:
        """Whether the input had no further message when the last receive returned none."""
        ...

    def close(self) -> None:
        """Give back what was received and not settled, and disconnect."""
        ...
