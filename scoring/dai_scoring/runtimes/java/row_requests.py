"""Requests of one row each, read and scored by the helper in one call: bytes in, numbers out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from dai_scoring.engine import PredictedRequests, RowRequests
from dai_scoring.formats.declined import Declined
from dai_scoring.runtimes.java import java_arrays, jvm
from dai_scoring.runtimes.java.record_layouts import RecordLayouts

_AFTER = bytes(8)
"""What stands after each request, since the helper looks at eight bytes at once."""
_MOST_KINDS = 64
_MANY = 32
"""So many numbers cross to Java quicker in an array of numpy than in a list."""
_OTHER_CHARSET = Declined("the text is not in UTF-8")


@dataclass(slots=True)
class Made:
    """What the helper makes of requests: 1 or 0 for each, then predictions by output; and rows with unseen levels."""

    flat: Any
    unseen: Mapping[str, npt.NDArray[np.int64]] | None = None


class RequestReader:
    """Reads and scores requests for one model; safe for threads.

    ``score`` calls the helper with its ``RowRequests``, the requests and their ends. ``rows_of`` makes Python's objects
    of predictions by output.
    """

    def __init__(
        self,
        layouts: RecordLayouts,
        score: Callable[[Any, bytes, Any], Made],
        rows_of: Callable[[npt.NDArray[np.float64]], Sequence[Sequence[Any]]],
    ) -> None:
        self._layouts = layouts
        self._score = score
        self._rows_of = rows_of
        self._readers: dict[RowRequests, Any] = {}

    def predict(self, requests: Sequence[bytes], kind: RowRequests) -> PredictedRequests | Declined:
        """The predictions: see :class:`dai_scoring.engine.RequestsEngine`."""
        data = _AFTER.join((*requests, b""))
        if not data.isascii() and not _is_utf8(data):
            return _OTHER_CHARSET
        reader = self._reader(kind)
        if isinstance(reader, Declined):
            return reader
        made = self._score(reader, data, _ends(requests))
        values = np.array(made.flat).reshape(-1, len(requests))
        return PredictedRequests((values[0] > 0).tolist(), self._rows_of(values[1:]), made.unseen)

    def _reader(self, kind: RowRequests) -> Any | Declined:
        found = self._readers.get(kind)
        if found is None:
            found = self._made(kind)
            # Few: a service has one or two, and one for each header of CSV.
            self._readers = {**self._readers, kind: found} if len(self._readers) < _MOST_KINDS else {kind: found}
        return found

    def _made(self, kind: RowRequests) -> Any | Declined:
        made = jvm.java_class("daiscoring.records.RowRequests")
        if not kind.names:
            return made(self._layouts.json_columns(kind.absent, None, kind.missing), kind.are_h2o)
        lines = self._layouts.csv_lines(kind.names, kind.delimiter, kind.missing)
        return lines if isinstance(lines, Declined) else made(lines)


def floats(values: npt.NDArray[np.float64]) -> Sequence[Sequence[Any]]:
    """Rows of predictions that are numbers."""
    rows: list[list[float]] = values.T.tolist()
    return rows


def _ends(requests: Sequence[bytes]) -> Any:
    """Where each request ends, as Java takes it."""
    step = len(_AFTER)
    if len(requests) < _MANY:
        return [end - step for end in accumulate(len(one) + step for one in requests)]
    lengths = np.fromiter(map(len, requests), np.int32, len(requests))
    return java_arrays.primitives(np.cumsum(lengths + step, dtype=np.int32) - step)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
