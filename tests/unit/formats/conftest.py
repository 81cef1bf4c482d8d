"""Writes and reads files through the public functions, so that tests say only data and expectations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.formats import Dialect, Format, RecordReader, open_reader, open_writer


@dataclass
class Content:
    reader: RecordReader
    tables: list[pa.Table] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)
    """Malformed rows, numbered from the start of the file, and their texts."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for table in self.tables for row in table.to_pylist()]


Read = Callable[..., Content]
Write = Callable[..., bytes]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_bytes(data: bytes, fmt: Format, chunk_rows: int = 1000, **options: Any) -> Content:
        path = tmp_path / "input"
        path.write_bytes(data)
        content = Content(open_reader(path, fmt, chunk_rows=chunk_rows, **options))
        done = 0
        for chunk in content.reader.chunks():
            assert 0 < chunk.table.num_rows <= chunk_rows
            chunk.table.validate(full=True)
            for row in chunk.malformed.to_pylist() if chunk.malformed else []:
                assert row["code"] == "malformed_row"
                assert row["column"] is None
                content.bad.append((done + row["row"], row["value"]))
            content.tables.append(chunk.table)
            done += chunk.table.num_rows
        content.reader.close()
        content.reader.close()
        return content

    return read_bytes


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_bytes(fmt: Format, *tables: pa.Table, dialect: Dialect | None = None) -> bytes:
        path = tmp_path / "output"
        with open_writer(path, fmt, tables[0].schema, dialect=dialect) as writer:
            for table in tables:
                writer.write(table)
        writer.close()
        return path.read_bytes()

    return write_bytes
