"""FlowFiles in and out of a processor, several at a time and with few calls over NiFi's bridge to Python.

NiFi hands Python one FlowFile whose bytes cross a socket as base64, at about 6 MB/s and whole in memory, and each
method called on it costs some 50 microseconds. So a helper in NiFi's own virtual machine (processors/java) takes
the FlowFile, and small ones that wait behind it, in one call, and sends all of them on in another; the contents of
large ones go through files. Where a NiFi does not let the helper reach its process session,
:class:`BridgeBatch` goes the public way, which knows no further FlowFiles.
"""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nifiapi.flowfiletransform import FlowFileTransformResult

from dai_scoring.service.scoring import IN_MEMORY_BYTES
from dai_scoring_nifi import bridge_encoding, java_helper, requests

ATTRIBUTES = (
    "mime.type",
    "filename",
    requests.METHOD,
    requests.URI,
    requests.COLUMNS,
    requests.BAD_ROWS,
)
"""The attributes that are known of each FlowFile."""

SMALL = IN_MEMORY_BYTES
"""Contents of up to so many bytes travel within the calls."""

_MOST = 32
# So that what NiFi does for each call of a processor is shared, and none of the FlowFiles waits long for the others.
_TOGETHER = 2 << 20
_NO_SERVICES = "-this NiFi does not let a Python processor reach its process session"
_CLASS = "daiscoring.nifi.Exchange"


@dataclass(frozen=True)
class TakenFlowFile:
    """A FlowFile: its place in the batch, its size in bytes, its :data:`ATTRIBUTES`, its contents if it is small."""

    index: int
    size: int
    attributes: dict[str, str]
    contents: bytes | None


@dataclass(frozen=True)
class Services:
    """NiFi's record services, as Java objects: a RecordReaderFactory and a RecordSetWriterFactory."""

    reader: Any
    writer: Any


@dataclass(frozen=True)
class Outcome:
    """Where a FlowFile goes, and with what.

    ``contents`` are bytes, a file (which is deleted once it was read), or None to leave them as they are.
    ``details`` and ``seconds`` are for the provenance. ``further`` is another FlowFile to be made of it.
    """

    relationship: str
    attributes: dict[str, str]
    contents: bytes | Path | None = None
    details: str = ""
    seconds: float = 0.0
    further: Outcome | None = field(default=None)

    def discard(self) -> None:
        """Delete the files that hold the contents, where they are not to be sent."""
        if isinstance(self.contents, Path):
            self.contents.unlink(missing_ok=True)
        if self.further is not None:
            self.further.discard()


class Batch(Protocol):
    """FlowFiles that were taken together."""

    items: list[TakenFlowFile]
    can_add: bool
    """Whether an outcome may have a further FlowFile."""

    def export(self, item: TakenFlowFile, path: Path) -> None:
        """Write the contents of a FlowFile to a file; for one that is not small. Safe for several threads.

        Raises OSError where the file cannot be written.
        """
        ...

    def send(self, outcomes: Sequence[Outcome]) -> Any:
        """Send the FlowFiles on; returns what NiFi wants to be returned."""
        ...

    def read_records(self, wanted: list[str], path: Path) -> str:
        """Write fields of the first FlowFile's records to a file: see :mod:`dai_scoring_nifi.record_services`."""
        ...

    def write_records(self, request: str) -> str:
        """Write the first FlowFile's records with their predictions."""
        ...

    def give_back(self) -> None:
        """Leave all FlowFiles to NiFi, after an error."""
        ...


class FlowFileAccess:
    """Takes FlowFiles for one processor, by the helper if this NiFi lets it."""

    def __init__(self) -> None:
        self._helper: Any = None
        self._take: Any = None
        self.problem: str | None = None
        """Why the helper cannot be used, once that is known."""

    def reset(self) -> None:
        """Forget how the processor is connected, which may change while it is stopped."""
        self._helper = self._take = None
        self.problem = None

    def keep(self, context: Any, flowfile: Any, reason: str) -> Any:
        """What NiFi is to be given for a FlowFile that is to stay in its queue; the canvas shows the reason."""
        try:
            return (self._helper or _bound(context, flowfile)).keep(reason)
        except Exception:  # noqa: BLE001 - py4j raises Java's errors as several types
            # NiFi cannot do anything with None either, and leaves the FlowFile.
            return None

    def take(
        self, context: Any, flowfile: Any, file: Path, services: Services | None = None, most: int = _MOST
    ) -> Batch:
        """The FlowFile, and others behind it if none is large; with record services, it alone and no contents.

        ``file`` is for what is too long for a call, ``most`` how many FlowFiles to take.
        """
        if self._take is None and self.problem is None:
            self._bind(context, flowfile, services)
        if self._take is None:
            return BridgeBatch(flowfile)
        small, most = (SMALL, most) if services is None else (-1, 1)
        return _HelperBatch(self._helper, self._take(flowfile, small, most, _TOGETHER, str(file)), file)

    def _bind(self, context: Any, flowfile: Any, services: Services | None) -> None:
        try:
            found = _bound(context, flowfile)
            if services is not None:
                found.bindRecords(services.reader, services.writer)
        except Exception as error:  # noqa: BLE001 - py4j raises Java's errors as several types
            self.problem = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        else:
            # Looked up once: a bound method of py4j costs nothing to keep.
            self._helper, self._take = found, found.take


def _bound(context: Any, flowfile: Any) -> Any:
    """A helper that knows this NiFi's classes, where it has those that are needed."""
    found = java_helper.load(_CLASS, flowfile.getClass().getClassLoader())
    found.bind(flowfile, context.java_context, "\n".join(ATTRIBUTES))
    return found


class _HelperBatch:
    """FlowFiles that the helper holds."""

    can_add = True

    def __init__(self, helper: Any, text: str, file: Path) -> None:
        self._helper = helper
        self._file = file
        answer = bridge_encoding.Reader.of(text, file)
        self._ticket = answer.number()
        # A process session is for one thread at a time.
        self._session = threading.Lock()
        self.items = [_item(index, answer) for index in range(answer.number())]

    def export(self, item: TakenFlowFile, path: Path) -> None:
        with self._session:
            said = str(self._helper.export(self._ticket, item.index, str(path)))
        if said.startswith("-"):
            # Java's errors have no numbers.
            is_full = shutil.disk_usage(path.parent).free < item.size
            raise OSError(errno.ENOSPC if is_full else errno.EIO, said[1:], str(path))

    def send(self, outcomes: Sequence[Outcome]) -> Any:
        out = bridge_encoding.Writer()
        for outcome in outcomes:
            _pack(out, outcome)
            _pack(out, outcome.further)
        try:
            return self._helper.send(self._ticket, out.text_or(self._file))
        finally:
            self._file.unlink(missing_ok=True)

    def read_records(self, wanted: list[str], path: Path) -> str:
        return str(self._helper.readRecords(self._ticket, "\n".join(wanted), str(path)))

    def write_records(self, request: str) -> str:
        return str(self._helper.writeRecords(self._ticket, request))

    def give_back(self) -> None:
        self._helper.giveBack(self._ticket)


def _item(index: int, answer: bridge_encoding.Reader) -> TakenFlowFile:
    size = answer.number()
    attributes = {name: value.decode() for name in ATTRIBUTES if (value := answer.bytes()) is not None}
    return TakenFlowFile(index, size, attributes, answer.bytes())


def _pack(out: bridge_encoding.Writer, outcome: Outcome | None) -> None:
    if outcome is None:
        out.bytes(None)
        return
    out.bytes(outcome.relationship.encode())
    out.number(len(outcome.attributes))
    for name, value in outcome.attributes.items():
        out.bytes(name.encode())
        out.bytes(value.encode("utf-8", "replace"))
    inside = outcome.contents
    out.bytes(inside if isinstance(inside, bytes) else None)
    out.bytes(str(inside).encode() if isinstance(inside, Path) else None)
    out.bytes(outcome.details.encode())
    out.number(round(outcome.seconds * 1e6))


class BridgeBatch:
    """One FlowFile by NiFi's public way: slow, in memory, and without further FlowFiles."""

    can_add = False

    def __init__(self, flowfile: Any) -> None:
        found = {name: flowfile.getAttribute(name) for name in ATTRIBUTES}
        attributes = {name: value for name, value in found.items() if value is not None}
        self.items = [TakenFlowFile(0, flowfile.getSize(), attributes, flowfile.getContentsAsBytes())]

    def export(self, item: TakenFlowFile, path: Path) -> None:
        """The contents were fetched already; the same for callers of any exchange."""
        path.write_bytes(item.contents or b"")

    def send(self, outcomes: Sequence[Outcome]) -> Any:
        """The result that NiFi reads over the bridge."""
        outcome = outcomes[0]
        contents = outcome.contents
        if isinstance(contents, Path):
            contents = contents.read_bytes()
        return FlowFileTransformResult(outcome.relationship, outcome.attributes, contents)

    def read_records(self, wanted: list[str], path: Path) -> str:
        """Not possible this way."""
        return _NO_SERVICES

    def write_records(self, request: str) -> str:
        """Not possible this way."""
        return _NO_SERVICES

    def give_back(self) -> None:
        """NiFi has kept the FlowFile all the time."""
