"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from dai_scoring.errors import ContentError
from dai_scoring.formats.base import MAX_CHUNK_BYTES, Chunk, Dialect, Format, ParsedPiece, check_names
from dai_scoring.formats.columnar import old_times
from dai_scoring.formats.columnar.copied_groups import GroupCopier
from dai_scoring.formats.columnar.row_groups import LEAST_ROWS, GroupRows, source_of
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.file_schema import bad_name, checked, conform, decoded, decoded_schema, storable_schema
from dai_scoring.formats.source import DAMAGED

_NO_GROUP = Declined("a row group of Parquet is damaged, or cannot be read without the others")
_OTHER_OUTPUT = ("Choose another {output_format}.", "Or leave the column out.")


class ParquetReader:
    """A Parquet file; dictionary columns are read as columns of their values."""

    format = Format.PARQUET
    dialect: Dialect | None = None

    def __init__(self, path: Path, chunk_rows: int, unit: str | None = None) -> None:
        """``unit`` is that of the times of an older file, if it is known: see :func:`old_times.unit_of`."""
        self.schema: pa.Schema | None = None
        self._rows = chunk_rows
        self._unit = unit
        self._file: pq.ParquetFile | None = None
        if path.stat().st_size == 0:
            return
        self._path = path
        try:
            # Without memory map and pre-buffer a file of any size needs the memory of one row group's pages.
            self._file = pq.ParquetFile(path, pre_buffer=False, coerce_int96_timestamp_unit=unit)
            if unit is None and (found := old_times.unit_of(path, self._file)) is not None:
                self._unit = found
                self._file.close()
                self._file = pq.ParquetFile(path, pre_buffer=False, coerce_int96_timestamp_unit=found)
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
        if self._file is not None:
            done = 0
            for batch in self._batches(self._file.iter_batches(self._rows)):
                yield self._chunk(batch, done)
                done += batch.num_rows

    def pieces(self, parts: int = 1) -> Iterator[ParsedPiece | Declined]:
        """The rows in order, each of a row group that can be copied, as :attr:`Chunk.lines` says.

        They are those of :meth:`chunks`, with the reason, if no row group can be.
        """
        if self._file is None or self.schema is None:
            return
        about = self._file.metadata
        source = source_of(self._path, storable_schema(self.schema), about, self._again)
        if isinstance(source, Declined):
            yield from (ParsedPiece(chunk, (source,)) for chunk in self.chunks())
            return
        # A row group in several pieces is scored by several threads.
        self._rows = min(self._rows, max(LEAST_ROWS, -(-about.num_rows // parts)))
        done = 0
        for group in range(about.num_row_groups):
            begin = done
            batches = self._group(group)
            batch: pa.RecordBatch | Declined | None = _following(batches)
            while isinstance(batch, pa.RecordBatch):
                following = _following(batches)
                place = GroupRows(source, group, is_first=done == begin, is_last=following is None)
                yield ParsedPiece(self._chunk(batch, done, place))
                done += batch.num_rows
                batch = following
            if isinstance(batch, Declined) or done - begin != about.row_group(group).num_rows:
                yield _NO_GROUP
                return

    def _again(self, group: int) -> Iterator[pa.Table]:
        with closing(ParquetReader(self._path, self._rows, self._unit)) as other:
            for batch in other._group(group):
                yield other._chunk(batch, 0).table

    def _group(self, number: int) -> Iterator[pa.RecordBatch]:
        return self._batches([] if self._file is None else self._file.iter_batches(self._rows, row_groups=[number]))

    def _batches(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            yield from (batch for batch in batches if batch.num_rows)
        except (pa.ArrowException, OSError) as error:
            raise _broken(error) from None

    def _chunk(self, batch: pa.RecordBatch, done: int, place: GroupRows | None = None) -> Chunk:
        try:
            found, malformed = checked(batch, done)
        except pa.ArrowException as error:
            raise _broken(error) from None
        return Chunk(decoded(pa.Table.from_batches([found]), self.schema or pa.schema([])), malformed, place)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class ParquetWriter:
    """A Parquet file, compressed with zstd; row groups that are copied stay as they are. JSON texts are strings."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        check_names(schema.names)
        self._path = path
        self._schema = storable_schema(schema)
        self._sink = pa.OSFile(str(path), "wb")
        self._copier: GroupCopier | None = None
        try:
            self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd")
        except (pa.ArrowNotImplementedError, OSError) as error:
            self._sink.close()
            # Of a decimal with a negative scale it is an error of input and output, without a number.
            if isinstance(error, OSError) and error.errno is not None:
                raise
            # It names the type alone.
            raise ContentError(
                f"a column of the records is of a type that Parquet has no form for ({str(error)[:160]}).",
                advice=_OTHER_OUTPUT,
            ) from None

    def encode(self, table: pa.Table, lines: GroupRows | None = None) -> tuple[pa.Table, GroupRows | None]:
        """Rows cast to the schema of the file."""
        if lines is None or not lines.are_whole:
            return conform(table, self._schema), lines
        return conform(table, pa.schema([self._schema.field(name) for name in table.schema.names])), lines

    def put(self, encoded: tuple[pa.Table, GroupRows | None]) -> None:
        """Append rows."""
        rows, place = encoded
        if place is None:
            self._write(rows)
            return
        if self._copier is None:
            self._copier = GroupCopier(self._sink, self._write_anew, place.source)
        self._copier.put(rows, place)

    def _write_anew(self, tables: Sequence[pa.Table]) -> None:
        self._write(pa.concat_tables([conform(rows, self._schema) for rows in tables]))

    def _write(self, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        try:
            self._writer.write_table(rows)
        except pa.ArrowInvalid:
            # Its message has the value.
            raise ContentError(
                "a column of the records has values that Parquet has no room for, such as seconds beyond the reach of "
                "milliseconds.",
                advice=_OTHER_OUTPUT,
            ) from None

    def close(self) -> None:
        """Finish the file."""
        if self._sink.closed:
            return
        try:
            self._writer.close()
        finally:
            self._sink.close()
            if self._copier is not None:
                self._copier.close()
        if self._copier is not None:
            self._copier.finish(self._path)

    def __enter__(self) -> ParquetWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _following(batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | Declined | None:
    try:
        return next(batches, None)
    except ContentError:
        return _NO_GROUP


def _broken(error: Exception) -> ContentError:
    if "decrypt" in str(error).lower():
        return ContentError("columns of the Parquet file are encrypted.", advice=("Write it without encryption.",))
    # Messages of the Parquet library name positions and sizes, not data; long ones are cut all the same.
    return ContentError(
        "the content is not a complete Parquet file: it is truncated or damaged, or of another format "
        f"({str(error).splitlines()[0][:160].rstrip('. ')}).",
        advice=DAMAGED,
    )
