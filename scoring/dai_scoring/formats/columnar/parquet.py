"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, Dialect, Format, check_names
from dai_scoring.formats.file_schema import bad_name, checked, conform, decoded, decoded_schema, storable_schema
from dai_scoring.formats.source import DAMAGED

_OTHER_OUTPUT = ("Choose another {output_format}.", "Or leave the column out.")


class ParquetReader:
    """A Parquet file; dictionary columns are read as columns of their values."""

    format = Format.PARQUET
    dialect: Dialect | None = None

    def __init__(self, path: Path, chunk_rows: int) -> None:
        self.schema: pa.Schema | None = None
        self._rows = chunk_rows
        self._file: pq.ParquetFile | None = None
        if path.stat().st_size == 0:
            return
        try:
            # Without memory map and pre-buffer a file of any size needs the memory of one row group's pages.
            self._file = pq.ParquetFile(path, pre_buffer=False)
            self.schema = decoded_schema(self._file.schema_arrow)
            check_names(self.schema.names)
        except UnicodeDecodeError:
            self.close()
            raise bad_name() from None
        except (pa.ArrowException, OSError) as error:
            self.close()
            raise _broken(error) from None
        except ContentError:
            self.close()
            raise
        group = self._file.metadata
        if group.num_rows:
            size = sum(group.row_group(i).total_byte_size for i in range(group.num_row_groups))
            self._rows = max(1, min(chunk_rows, MAX_CHUNK_BYTES * group.num_rows // max(size, 1)))

    def chunks(self) -> Iterator[Chunk]:
        """The rows in order."""
        if self._file is None or self.schema is None:
            return
        batches = self._file.iter_batches(batch_size=self._rows)
        done = 0
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                raise _broken(error) from None
            if batch is None:
                return
            if batch.num_rows:
                try:
                    batch, malformed = checked(batch, done)
                except pa.ArrowException as error:
                    raise _broken(error) from None
                done += batch.num_rows
                yield Chunk(decoded(pa.Table.from_batches([batch]), self.schema), malformed)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class ParquetWriter:
    """A Parquet file, compressed with zstd. JSON texts are strings."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        check_names(schema.names)
        self._schema = storable_schema(schema)
        try:
            self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        except pa.ArrowNotImplementedError as error:
            # It names the type alone.
            raise ContentError(
                f"a column of the records is of a type that Parquet has no form for ({str(error)[:160]}).",
                advice=_OTHER_OUTPUT,
            ) from None

    def encode(self, table: pa.Table, lines: pa.Array | None = None) -> pa.Table:
        """Rows cast to the schema of the file."""
        return conform(table, self._schema)

    def put(self, encoded: pa.Table) -> None:
        """Append rows."""
        if not encoded.num_rows:
            return
        try:
            self._writer.write_table(encoded)
        except pa.ArrowInvalid:
            # Its message has the value.
            raise ContentError(
                "a column of the records has values that Parquet has no room for, such as seconds beyond the reach of "
                "milliseconds.",
                advice=_OTHER_OUTPUT,
            ) from None

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    def __enter__(self) -> ParquetWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _broken(error: Exception) -> ContentError:
    # Messages of the Parquet library name positions and sizes, not data; long ones are cut all the same.
    return ContentError(
        "the content is not a complete Parquet file: it is truncated or damaged, or of another format "
        f"({str(error).splitlines()[0][:160].rstrip('. ')}).",
        advice=DAMAGED,
    )
