"""FlowFiles in and out of a processor, several at a time and with few calls over NiFi's bridge to Python.

NiFi hands Python one FlowFile, whose bytes cross a socket as base64, at about 6 MB/s and whole in memory; each method
called on it costs some 50 microseconds. So a helper in NiFi's own virtual machine (processors/java) takes the FlowFile,
and small ones that wait behind it, in one call, and sends all of them on in another; the contents of large ones go
through files. If a NiFi does not let the helper reach its process session, :class:`PublicApiBatch` uses NiFi's public
API for Python, which gives one FlowFile at a time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dai_scoring.service.scoring import IN_MEMORY_BYTES
from dai_scoring_nifi.bridge import java_helper
from dai_scoring_nifi.flowfiles import attributes
from dai_scoring_nifi.flowfiles.batch import Batch
from dai_scoring_nifi.flowfiles.batch_size import BatchSize
from dai_scoring_nifi.flowfiles.helper_batch import HelperBatch
from dai_scoring_nifi.flowfiles.public_api import PublicApiBatch

SMALL = IN_MEMORY_BYTES
"""Contents of up to so many bytes travel within the calls."""

_MAX_FLOWFILES = 32
_CLASS = "daiscoring.nifi.Exchange"


@dataclass(frozen=True)
class RecordServices:
    """NiFi's record services, as Java objects: a RecordReaderFactory and a RecordSetWriterFactory."""

    reader: Any
    writer: Any


@dataclass(frozen=True)
class _Helper:
    """The helper, its method ``take`` (a bound method of py4j costs nothing to keep), and the services it was given."""

    java: Any
    take: Any
    services: RecordServices | None

    def has(self, services: RecordServices | None) -> bool:
        """Whether it was given these services, if there are any."""
        return services is None or services is self.services


class FlowFileAccess:
    """Takes FlowFiles for one processor, by the helper if this NiFi lets it. Safe for several threads."""

    def __init__(self) -> None:
        self._binding = threading.Lock()
        self._helper: _Helper | None = None
        self.batch_size = BatchSize()
        self.problem: str | None = None
        """Why the helper cannot be used, once that is known."""

    def reset(self) -> None:
        """Forget how the processor is connected, and how fast it scores: both may change while it is stopped."""
        self._helper = None
        self.batch_size = BatchSize()
        self.problem = None

    def keep(self, context: Any, flowfile: Any, reason: str) -> Any:
        """What to return to NiFi so that a FlowFile stays in its queue; the canvas shows the reason."""
        helper = self._helper
        try:
            return (_bound(context, flowfile) if helper is None else helper.java).keep(reason)
        except Exception:  # noqa: BLE001 - py4j raises Java's errors as several types
            # NiFi cannot do anything with None either, and leaves the FlowFile.
            return None

    def take(
        self,
        context: Any,
        flowfile: Any,
        file: Path,
        services: RecordServices | None = None,
        max_flowfiles: int = _MAX_FLOWFILES,
    ) -> Batch:
        """Take the FlowFile, and others behind it if none is large; with record services without contents.

        ``file`` is for what is too long for a call.
        """
        helper = self._helper
        if helper is None or not helper.has(services):
            helper = self._bind(context, flowfile, services)
        if helper is None:
            return PublicApiBatch(flowfile)
        small = SMALL if services is None else -1
        answer = helper.take(flowfile, small, max_flowfiles, self.batch_size.bytes, str(file))
        # What was taken is known to this helper alone.
        return HelperBatch(helper.java, answer, file)

    def _bind(self, context: Any, flowfile: Any, services: RecordServices | None) -> _Helper | None:
        """The helper, made by the first of several threads; None if this NiFi does not let it in."""
        with self._binding:
            helper = self._helper
            if helper is not None and helper.has(services):
                return helper
            if self.problem is not None:
                return None
            try:
                java = _bound(context, flowfile) if helper is None else helper.java
                if services is not None:
                    java.bindRecords(services.reader, services.writer)
            except Exception as error:  # noqa: BLE001 - py4j raises Java's errors as several types
                self.problem = f"{type(error).__name__}: {error}".strip().splitlines()[0]
                return None
            self._helper = _Helper(java, java.take, services)
            return self._helper


def _bound(context: Any, flowfile: Any) -> Any:
    """A helper that has found this NiFi's classes. Raises an error of py4j if they are not as it needs them."""
    found = java_helper.load(_CLASS, flowfile.getClass().getClassLoader())
    found.bind(flowfile, context.java_context, "\n".join(attributes.READ))
    return found
