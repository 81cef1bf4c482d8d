"""Contents of FlowFiles to files and back, without passing through the bridge byte by byte.

NiFi hands Python a FlowFile whose bytes cross a socket as base64, at about 6 MB/s and whole in memory. The
process session behind it can write contents to a file and read them from one at disk speed. NiFi's class for
the FlowFile keeps that session in a private field; where a NiFi does not have it, :class:`BridgeExchange`
goes the public way, which knows no further FlowFiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nifiapi.__jvm__ import JvmHolder
from nifiapi.flowfiletransform import FlowFileTransformResult

from dai_scoring_nifi.folders import Folder


class SessionAccess:
    """Finds the process session behind a FlowFile of the Python bridge."""

    def __init__(self) -> None:
        self._fields: tuple[Any, Any] | None = None

    def of(self, flowfile: Any) -> tuple[Any, Any] | None:
        """The process session and its FlowFile, or None where this NiFi keeps them elsewhere."""
        try:
            if self._fields is None:
                kind = flowfile.getClass()
                found = kind.getDeclaredField("session"), kind.getDeclaredField("flowFile")
                for field in found:
                    field.setAccessible(True)
                self._fields = found
            session, inner = self._fields
            return session.get(flowfile), session and inner.get(flowfile)
        except Exception:  # noqa: BLE001 - py4j raises Java's reflection errors as several types
            return None


class SessionExchange:
    """Moves contents by way of the process session: any size, and further FlowFiles."""

    can_reject = True

    def __init__(self, session: Any, flowfile: Any, folder: Folder) -> None:
        self._session = session
        self._flowfile = flowfile
        self.folder = folder

    def fetch(self) -> None:
        """Write the FlowFile's contents to ``folder.source``."""
        if self.folder.java_source is None:
            # Made once for each folder, as it costs two calls over the bridge.
            self.folder.java_source = JvmHolder.jvm.java.io.File(str(self.folder.source)).toPath()
        self._session.exportTo(self._flowfile, self.folder.java_source, False)

    def reject(self, attributes: Mapping[str, str], relationship: str) -> None:
        """Send ``folder.rejected`` as a child of the FlowFile to ``relationship``."""
        child = self._session.create(self._flowfile)
        try:
            child = self._import(self.folder.rejected, child)
            child = self._session.putAllAttributes(child, java_map(attributes))
        except BaseException:
            # A FlowFile that goes nowhere would make NiFi roll back, and try again for ever.
            self._session.remove(child)
            raise
        named = JvmHolder.jvm.org.apache.nifi.processor.Relationship.Builder().name(relationship).build()
        self._session.transfer(child, named)

    def result(self, relationship: str, attributes: Mapping[str, str], details: str, millis: int) -> Any:
        """The FlowFile with the contents of ``folder.target``."""
        return _SessionResult(relationship, dict(attributes), self, details, millis)

    def store(self, details: str, millis: int) -> None:
        """Replace the FlowFile's contents by ``folder.target`` and say so in the provenance."""
        self._import(self.folder.target, self._flowfile)
        self._session.getProvenanceReporter().modifyContent(self._flowfile, details, millis)
        self.folder.clear()

    def _import(self, path: Path, flowfile: Any) -> Any:
        """The FlowFile with the bytes of a file; by stream, since from a path NiFi takes the file's name too."""
        stream = JvmHolder.jvm.java.io.FileInputStream(str(path))
        try:
            return self._session.importFrom(stream, flowfile)
        finally:
            stream.close()


class _SessionResult(FlowFileTransformResult):  # type: ignore[misc]
    """A result that replaces the contents only when NiFi asks for them.

    NiFi makes the FlowFile for the relationship 'original' as a clone after transform() has returned and
    before it asks the result for contents. Replacing them earlier would put the scores into the original.
    """

    def __init__(
        self,
        relationship: str,
        attributes: dict[str, str],
        exchange: SessionExchange,
        details: str,
        millis: int,
    ) -> None:
        super().__init__(relationship, attributes)
        self._exchange = exchange
        self._details = details
        self._millis = millis

    def getContents(self) -> None:  # noqa: N802 - NiFi's name
        """Put the contents into place; None tells NiFi that there is nothing more to write."""
        self._exchange.store(self._details, self._millis)


class BridgeExchange:
    """Moves contents over the bridge: NiFi's public way, slow, in memory, and without further FlowFiles."""

    can_reject = False

    def __init__(self, flowfile: Any, folder: Folder) -> None:
        self._flowfile = flowfile
        self.folder = folder

    def fetch(self) -> None:
        """Write the FlowFile's contents to ``folder.source``."""
        self.folder.source.write_bytes(self._flowfile.getContentsAsBytes())

    def reject(self, attributes: Mapping[str, str], relationship: str) -> None:
        """Not possible this way; callers ask ``can_reject`` first."""
        raise NotImplementedError("the public interface of NiFi's Python processors has one FlowFile out for one in")

    def result(self, relationship: str, attributes: Mapping[str, str], details: str, millis: int) -> Any:
        """The FlowFile with the contents of ``folder.target``."""
        contents = self.folder.target.read_bytes()
        self.folder.clear()
        return FlowFileTransformResult(relationship, dict(attributes), contents)


def java_map(values: Mapping[str, str]) -> Any:
    """A ``java.util.HashMap`` of texts."""
    result = JvmHolder.jvm.java.util.HashMap()
    for key, value in values.items():
        result.put(key, value)
    return result
