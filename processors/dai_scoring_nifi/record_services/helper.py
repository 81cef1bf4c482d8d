"""Calls of the helper that reads and writes records in NiFi's virtual machine; ``Records.java`` is the other side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dai_scoring.errors import ContentError
from dai_scoring.messages import without_values
from dai_scoring.service.work_folders import WorkFolder
from dai_scoring_nifi.bridge import encoding


class RecordsHelper(Protocol):
    """The helper, which holds a FlowFile with records. Its packed answers begin with +, or with - and an error."""

    def read_records(self, wanted: list[str], path: Path) -> str:
        """Write the wanted fields of all records to a file."""
        ...

    def write_records(self, request: str) -> str:
        """Write the records with their predictions."""
        ...


@dataclass(frozen=True)
class RecordsRead:
    """What a Record Reader found: how many records, the names of their fields, and those that were written to a file.

    ``columns`` are the names and kinds of the latter, see :mod:`dai_scoring_nifi.record_services.column_files`.
    """

    count: int
    fields: list[str]
    columns: list[tuple[str, str]]


@dataclass(frozen=True)
class RecordsWritten:
    """How many records a Record Writer wrote to a file, and the attributes that it gives."""

    count: int
    attributes: dict[str, str]


def read_records(helper: RecordsHelper, wanted: list[str], path: Path) -> RecordsRead:
    """Have the wanted fields of all records written to a file. Raises ContentError if they cannot be read."""
    answer = _unpacked(helper.read_records(wanted, path), "read", "record_reader", wanted)
    count = answer.number()
    fields = [_text(answer) for _ in range(answer.number())]
    return RecordsRead(count, fields, [(_text(answer), _text(answer)) for _ in range(answer.number())])


def write_records(
    helper: RecordsHelper,
    folder: WorkFolder,
    predictions: Sequence[tuple[str, str]],
    fields: Sequence[str],
    kept: Sequence[str],
    keeps_rejected: bool,
) -> tuple[RecordsWritten, RecordsWritten]:
    """Have all records written: the scored ones to ``folder.target``, the rejected ones to ``folder.rejected``.

    ``predictions`` are names and kinds of the columns in ``folder.results``, ``fields`` those of the records and
    ``kept`` those of them to write. With ``keeps_rejected`` rejected records stay among the scored ones. Raises
    ContentError if they cannot be written.
    """
    request = encoding.Writer()
    request.bytes(str(folder.results).encode())
    request.number(len(predictions))
    for name, kind in predictions:
        request.bytes(name.encode())
        request.bytes(kind.encode())
    request.number(-1 if len(kept) == len(fields) else len(kept))
    for name in kept if len(kept) < len(fields) else ():
        request.bytes(name.encode())
    request.bytes(str(folder.target).encode())
    request.bytes(str(folder.rejected).encode())
    request.number(int(keeps_rejected))
    names = [*fields, *(name for name, _ in predictions)]
    answer = _unpacked(helper.write_records(request.text()), "written", "record_writer", names)
    return _written(answer), _written(answer)


def _unpacked(answer: str, participle: str, option: str, names: Collection[str]) -> encoding.Reader:
    """The values of an answer; ``participle`` and ``option`` are for the message of the error."""
    if not answer.startswith("+"):
        reason = without_values(answer[1:], names)
        raise ContentError(
            f"the records cannot be {participle}{reason and f' ({reason})'}.",
            advice=(f"Look at the service in {{{option}}}, and whether the FlowFile is what it expects.",),
        )
    return encoding.Reader(answer[1:])


def _text(answer: encoding.Reader) -> str:
    return (answer.bytes() or b"").decode()


def _written(answer: encoding.Reader) -> RecordsWritten:
    count = answer.number()
    return RecordsWritten(count, {_text(answer): _text(answer) for _ in range(answer.number())})
