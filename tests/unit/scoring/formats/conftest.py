"""Writes and reads files through the public functions, so that tests say only data and expectations."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.errors import ContentError
from dai_scoring.formats import Chunk, Declined, Dialect, Format, RecordReader, open_reader, open_writer, pieces


@dataclass
class Content:
    reader: RecordReader
    tables: list[pa.Table] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)
    """Malformed rows, numbered from the start of the file, and their texts."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for table in self.tables for row in table.to_pylist()]

    def add(self, chunk: Chunk, chunk_rows: int) -> None:
        assert 0 < chunk.table.num_rows <= chunk_rows
        chunk.table.validate(full=True)
        done = sum(table.num_rows for table in self.tables)
        for row in chunk.malformed.to_pylist() if chunk.malformed else []:
            assert row["code"] == "malformed_row"
            assert row["column"] is None
            self.bad.append((done + row["row"], row["value"]))
        self.tables.append(chunk.table)


Read = Callable[..., Content]
Write = Callable[..., bytes]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    path = tmp_path / "input"

    def read_bytes(data: bytes, fmt: Format, chunk_rows: int = 1000, **options: Any) -> Content:
        path.write_bytes(data)
        content, error = Content(open_reader(path, fmt, chunk_rows=chunk_rows, **options)), None
        try:
            for chunk in content.reader.chunks():
                content.add(chunk, chunk_rows)
        except ContentError as raised:
            error = raised
        content.reader.close()
        content.reader.close()
        if error is not None:
            with pytest.raises(ContentError, match=re.escape(str(error))):
                in_pieces(fmt, chunk_rows, options)
            raise error
        same = in_pieces(fmt, chunk_rows, options)
        assert (same.rows, same.bad) == (content.rows, content.bad)
        return content

    def in_pieces(fmt: Format, chunk_rows: int, options: dict[str, Any]) -> Content:
        content = Content(open_reader(path, fmt, chunk_rows=chunk_rows, **options))
        for piece in pieces(content.reader):
            chunk = piece if isinstance(piece, Declined) else piece.parse_whole()
            assert isinstance(chunk, Chunk)
            content.add(chunk, chunk_rows)
        return content

    return read_bytes


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_bytes(fmt: Format, *tables: pa.Table, dialect: Dialect | None = None) -> bytes:
        path = tmp_path / "output"
        with open_writer(path, fmt, tables[0].schema, dialect=dialect) as writer:
            for table in tables:
                writer.put(writer.encode(table))
        writer.close()
        return path.read_bytes()

    return write_bytes
