"""The records of a FlowFile that the helper in NiFi's virtual machine holds; ``Exchange.java`` is the other side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dai_scoring_nifi.bridge import encoding
from dai_scoring_nifi.flowfiles.batch import TakenFlowFile


class HelperRecords:
    """The records of one FlowFile of a batch. ``file`` is for what is too long for a call."""

    def __init__(self, helper: Any, ticket: int, index: int, following: TakenFlowFile | None, file: Path) -> None:
        self._helper = helper
        self._ticket = ticket
        self._index = index
        self._following = -1 if following is None else following.index
        self._file = file

    def open_records(self, wanted: encoding.Writer, fields: Path) -> str:
        """As :meth:`RecordsHelper.open_records`."""
        said, file = wanted.text_or(self._file), str(self._file)
        found = self._helper.openRecords(self._ticket, self._index, self._following, said, str(fields), file)
        return self._whole(found)

    def next_records(self, results: Path, request: encoding.Writer, fields: Path) -> str:
        """As :meth:`RecordsHelper.next_records`."""
        said, file = request.text_or(self._file), str(self._file)
        return self._whole(self._helper.nextRecords(self._ticket, str(results), said, str(fields), file))

    def columns_of_records(self, columns: Path) -> str:
        """As :meth:`RecordsHelper.columns_of_records`."""
        return str(self._helper.columnsOfRecords(self._ticket, str(columns)))

    def close_records(self) -> None:
        """As :meth:`RecordsHelper.close_records`."""
        self._helper.closeRecords(self._ticket)

    def _whole(self, answer: Any) -> str:
        """An answer that is + alone continues in the file."""
        text = str(answer)
        return text if text != "+" else text + self._file.read_bytes().decode("latin-1")
