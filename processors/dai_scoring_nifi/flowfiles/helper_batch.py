"""FlowFiles that the helper in NiFi's virtual machine holds; ``Exchange.java`` is the other side."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dai_scoring_nifi.bridge import encoding
from dai_scoring_nifi.flowfiles import attributes
from dai_scoring_nifi.flowfiles.batch import Outcome, TakenFlowFile
from dai_scoring_nifi.flowfiles.helper_records import HelperRecords


class HelperBatch:
    """The FlowFiles of one call of the helper. ``answer`` is what the call returned, or empty: then ``file`` has it."""

    can_add = True

    def __init__(self, helper: Any, answer: str, file: Path) -> None:
        self._helper = helper
        self._file = file
        reader = encoding.Reader.of(answer, file)
        self._ticket = reader.number()
        # A process session is for one thread at a time.
        self._session = threading.Lock()
        self.items = [_item(index, reader) for index in range(reader.number())]

    def export(self, item: TakenFlowFile, path: Path) -> None:
        """As :meth:`Batch.export`."""
        with self._session:
            result = str(self._helper.export(self._ticket, item.index, str(path)))
        if result.startswith("-"):
            # Java's errors have no numbers.
            is_full = shutil.disk_usage(path.parent).free < item.size
            raise OSError(errno.ENOSPC if is_full else errno.EIO, result[1:], str(path))

    def send(self, outcomes: Sequence[Outcome]) -> Any:
        """As :meth:`Batch.send`."""
        out = encoding.Writer()
        for outcome in outcomes:
            _pack(out, outcome)
            _pack(out, outcome.further)
        try:
            return self._helper.send(self._ticket, out.text_or(self._file))
        finally:
            self._file.unlink(missing_ok=True)

    def records(self, item: TakenFlowFile, following: TakenFlowFile | None) -> HelperRecords:
        """As :meth:`Batch.records`."""
        return HelperRecords(self._helper, self._ticket, item.index, following, self._file)

    def give_back(self) -> None:
        """As :meth:`Batch.give_back`."""
        self._helper.giveBack(self._ticket)


def _item(index: int, reader: encoding.Reader) -> TakenFlowFile:
    size = reader.number()
    found = {name: value.decode() for name in attributes.READ if (value := reader.bytes()) is not None}
    return TakenFlowFile(index, size, found, reader.bytes())


def _pack(out: encoding.Writer, outcome: Outcome | None) -> None:
    if outcome is None:
        out.bytes(None)
        return
    out.bytes(outcome.relationship.encode())
    out.number(len(outcome.attributes))
    for name, value in outcome.attributes.items():
        out.bytes(name.encode())
        out.bytes(value.encode("utf-8", "replace"))
    contents = outcome.contents
    out.bytes(contents if isinstance(contents, bytes) else None)
    out.bytes(str(contents).encode() if isinstance(contents, Path) else None)
    out.bytes(outcome.details.encode())
    out.number(round(outcome.seconds * 1e6))
