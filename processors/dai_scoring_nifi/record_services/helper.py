"""Records that the helper in NiFi's virtual machine reads and writes; ``RecordStream.java`` is the other side."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.formats.records import AvroRecords
from dai_scoring.messages import without_values
from dai_scoring.service.work_folders import WorkFolder
from dai_scoring_nifi.bridge import encoding
from dai_scoring_nifi.record_services import column_files

_LEAST_FREE = 64 << 10
"""With fewer bytes free a file system is full: an error may be that of a file that ends too early."""


class RecordsHelper(Protocol):
    """The helper, which holds a FlowFile with records.

    Its packed answers begin with +. An error follows ! if records cannot be written, otherwise -.
    """

    def open_records(self, wanted: encoding.Writer, fields: Path) -> str:
        """Open the records, and write the wanted fields of the first ones to a file."""
        ...

    def next_records(self, results: Path, request: encoding.Writer, fields: Path) -> str:
        """Take the results of the last records, and write the wanted fields of the next ones to a file."""
        ...

    def columns_of_records(self, columns: Path) -> str:
        """Write the wanted fields of the last records, which were written as rows, as columns to a file."""
        ...

    def close_records(self) -> None:
        """Give up the records. Those that were read and written as a whole are closed."""
        ...


@dataclass(frozen=True)
class RecordsWritten:
    """How many records a Record Writer wrote to a file, and the attributes that it gives."""

    count: int
    attributes: dict[str, str]


class RecordStream:
    """The records of a FlowFile, each read once and then written with its prediction, some thousand at a time.

    While some are scored, the helper reads the next ones and writes those before them.
    """

    def __init__(self, helper: RecordsHelper, folder: WorkFolder, wanted: Sequence[str], *, as_rows: bool) -> None:
        """Open them. ``wanted`` are names of fields to read; ``as_rows`` if a runtime could read them itself.

        Raises ContentError if they cannot be read, OSError if the folder has no room.
        """
        self._helper = helper
        self._folder = folder
        self._names = list(wanted)
        request = encoding.Writer()
        request.number(len(wanted))
        for name in wanted:
            request.bytes(name.encode())
        request.number(int(as_rows))
        answer = self._unpacked(helper.open_records(request, folder.source))
        self._count = answer.number()
        self.fields = [_text(answer) for _ in range(answer.number())]
        """The names of all fields."""
        self._wanted = [(_text(answer), _text(answer)) for _ in range(answer.number())]
        self._has_rows = bool(answer.number())
        self._request = encoding.Writer()

    @property
    def wanted(self) -> list[str]:
        """The names of the wanted fields that the records have."""
        return [name for name, _ in self._wanted]

    @property
    def count(self) -> int:
        """How many records are to be scored now; 0 if the FlowFile has none at all."""
        return self._count

    def rows(self) -> AvroRecords | None:
        """The wanted fields of the records that are to be scored now, for a runtime that reads them itself."""
        if not self._has_rows or not self._count:
            return None
        return column_files.records(self._folder.source, self._count, self._wanted)

    def table(self) -> pa.Table:
        """The wanted fields of the records that are to be scored now."""
        if self._has_rows:
            self._unpacked(self._helper.columns_of_records(self._folder.source))
        return column_files.table(self._folder.source, self._count, self._wanted)

    def write_with(self, predictions: Sequence[tuple[str, str]], kept: Sequence[str], keeps_rejected: bool) -> None:
        """Say what to write: the scored records to ``folder.target``, the rejected ones to ``folder.rejected``.

        ``predictions`` are names and kinds of their columns, ``kept`` the fields to write. With ``keeps_rejected``
        rejected records stay among the scored ones.
        """
        request = self._request
        request.number(len(predictions))
        for name, kind in predictions:
            request.bytes(name.encode())
            request.bytes(kind.encode())
        request.number(-1 if len(kept) == len(self.fields) else len(kept))
        for name in kept if len(kept) < len(self.fields) else ():
            request.bytes(name.encode())
        request.bytes(str(self._folder.target).encode())
        request.bytes(str(self._folder.rejected).encode())
        request.number(int(keeps_rejected))
        self._names = [*self.fields, *(name for name, _ in predictions)]

    def next(self, outputs: pa.Table, rejects: pa.Table) -> tuple[RecordsWritten, RecordsWritten] | None:
        """Pass on the results of these records, and go to the next ones.

        After the last ones, returns what was written: scored and rejected records. Raises ContentError if the records
        cannot be read or written, OSError if the folder has no room.
        """
        column_files.write_results(self._folder.results, self._count, outputs, rejects)
        answer = self._unpacked(self._helper.next_records(self._folder.results, self._request, self._folder.source))
        self._request = encoding.Writer()
        self._count = answer.number()
        if self._count:
            return None
        return _written(answer), _written(answer)

    def _unpacked(self, answer: str) -> encoding.Reader:
        if answer.startswith("+"):
            return encoding.Reader(answer[1:])
        if shutil.disk_usage(self._folder.path).free < _LEAST_FREE:
            # Java's errors have no numbers. Where there is room, other errors come again.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder.path))
        participle, option = ("written", "record_writer") if answer.startswith("!") else ("read", "record_reader")
        reason = without_values(answer[1:], self._names)
        raise ContentError(
            f"the records cannot be {participle}{reason and f' ({reason})'}.",
            advice=(f"Look at the service in {{{option}}}, and whether the FlowFile is what it expects.",),
        )


def _text(answer: encoding.Reader) -> str:
    return (answer.bytes() or b"").decode()


def _written(answer: encoding.Reader) -> RecordsWritten:
    count = answer.number()
    return RecordsWritten(count, {_text(answer): _text(answer) for _ in range(answer.number())})
