"""Arrow IPC, as a stream or a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import Chunk, Dialect, Format, check_names
from dai_scoring.formats.file_schema import bad_name, checked, conform, decoded, decoded_schema, storable_schema
from dai_scoring.formats.invalid_values import rows_from
from dai_scoring.formats.source import DAMAGED

_BLOCK = 1 << 20
_LEAST_ROWS = 5_000


class ArrowReader:
    """An Arrow IPC stream or file; dictionary columns are read as columns of their values."""

    dialect: Dialect | None = None

    def __init__(self, path: Path, format: Format, chunk_rows: int) -> None:  # noqa: A002
        self.format = format
        self.schema: pa.Schema | None = None
        self._rows = chunk_rows
        self._file: pa.NativeFile | None = None
        self._reader: pa.RecordBatchStreamReader | pa.RecordBatchFileReader | None = None
        if path.stat().st_size == 0:
            return
        # The system pages a map in and out: a batch of any size costs no memory until it is used.
        self._file = pa.memory_map(str(path))
        try:
            if format is Format.ARROW_FILE:
                self._reader = pa.ipc.open_file(self._file)
            else:
                self._reader = pa.ipc.open_stream(self._file)
            self.schema = decoded_schema(self._reader.schema)
            check_names(self.schema.names)
        except UnicodeDecodeError:
            self.close()
            raise bad_name() from None
        except (pa.ArrowException, OSError):
            self.close()
            raise self._broken(0) from None
        except ContentError:
            self.close()
            raise

    def chunks(self, parts: int = 1) -> Iterator[Chunk]:
        """The rows in order; each record batch in so many chunks, unless they were very small."""
        if self._reader is None or self.schema is None:
            return
        for batch, malformed in self._batches():
            count = max(1, min(parts, batch.num_rows // _LEAST_ROWS))
            rows = min(self._rows, max(1, -(-batch.num_rows // count)))
            for start in range(0, batch.num_rows, rows):
                part = pa.Table.from_batches([batch.slice(start, rows)])
                bad = None if malformed is None else rows_from(malformed, start, rows)
                yield Chunk(decoded(part, self.schema), bad)

    def close(self) -> None:
        """Close the file."""
        self._reader = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _batches(self) -> Iterator[tuple[pa.RecordBatch, pa.Table | None]]:
        reader = self._reader
        count = rows = 0
        try:
            if isinstance(reader, pa.RecordBatchFileReader):
                for count in range(reader.num_record_batches):
                    found = self._checked(reader.get_batch(count), rows)
                    rows += found[0].num_rows
                    yield found
            elif reader is not None:
                for batch in reader:
                    found = self._checked(batch, rows)
                    rows += batch.num_rows
                    yield found
                    count += 1
                self._check_end()
        except (pa.ArrowException, OSError):
            raise self._broken(count) from None

    def _check_end(self) -> None:
        """Raise ContentError if more than zeros follow the stream: rows of another one would be lost."""
        while self._file is not None and (block := self._file.read(_BLOCK)):
            if block.strip(b"\0"):
                raise ContentError(
                    "there is more content after the end of the Arrow stream.",
                    advice=("If several streams were joined, send each of them alone.",),
                )

    def _checked(self, batch: pa.RecordBatch, rows: int) -> tuple[pa.RecordBatch, pa.Table | None]:
        # Offsets of a damaged file point anywhere; using them unchecked would end the process.
        batch.validate()
        return checked(batch, rows)

    def _broken(self, batches: int) -> ContentError:
        kind = "file" if self.format is Format.ARROW_FILE else "stream"
        return ContentError(
            f"the content is not a complete Arrow {kind}: it stops being one after record batch {batches}. "
            "It is truncated or damaged, or of another format.",
            advice=DAMAGED,
        )


class ArrowWriter:
    """An Arrow IPC stream or file, without compression. JSON texts are strings."""

    def __init__(self, path: Path, format: Format, schema: pa.Schema) -> None:  # noqa: A002
        check_names(schema.names)
        self._schema = storable_schema(schema)
        self._sink = pa.OSFile(str(path), "wb")
        create = pa.ipc.new_file if format is Format.ARROW_FILE else pa.ipc.new_stream
        self._writer = create(self._sink, self._schema)

    def encode(self, table: pa.Table, lines: pa.Array | None = None) -> pa.Table:
        """Rows cast to the schema of the file."""
        return conform(table, self._schema)

    def put(self, encoded: pa.Table) -> None:
        """Append rows."""
        if encoded.num_rows:
            self._writer.write_table(encoded)

    def close(self) -> None:
        """Finish the file."""
        if not self._sink.closed:
            self._writer.close()
            self._sink.close()

    def __enter__(self) -> ArrowWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
