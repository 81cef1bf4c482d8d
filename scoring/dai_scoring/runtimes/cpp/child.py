"""The program of a worker that scores with H2O's C++ runtime: this package's own engine, alone in its process.

Arguments: the descriptors of the socket and of a pipe that closes when the parent is gone, the model's path, and its
kind. Messages are those of ``wire.py``; the columns of a request, and each table of an answer, are an Arrow stream.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from dai_scoring.errors import ScoringError
from dai_scoring.model_file import Kind
from dai_scoring.options import Contributions, Wanted
from dai_scoring.runtimes.cpp import mojo
from dai_scoring.runtimes.python_pipeline.child import child
from dai_scoring.scorer import RuntimeSettings


def stream(columns: Sequence[pa.Array], names: Sequence[str]) -> pa.Buffer:
    """Columns of one length as an Arrow stream."""
    sink = pa.BufferOutputStream()
    batch = pa.record_batch(list(columns), names=list(names))
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def table(buffer: memoryview) -> pa.Table:
    """The table that an Arrow stream holds."""
    return pa.ipc.open_stream(pa.py_buffer(buffer)).read_all()


def main() -> None:
    """Load, say so, and answer until there are no more requests."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    child.leave_with_parent(int(sys.argv[2]))
    try:
        # The licence stands in the environment, which is this process's own.
        engine = mojo.load(Path(sys.argv[3]), Kind(sys.argv[4]), RuntimeSettings())
    except ScoringError as error:
        child.send(channel, {"error": str(error)})
        child.end()
    child.send(channel, {"sha256": engine.info.sha256})
    while (request := child.receive(channel)) is not None:
        try:
            header, buffers = _answer(engine, *request)
        except MemoryError:
            os._exit(12)
        except ScoringError as error:
            header, buffers = {"error": str(error), "type": type(error).__name__}, []
        child.send(channel, header, buffers)
    child.end()


def _answer(
    engine: mojo.CppMojo, header: dict[str, Any], buffers: Sequence[memoryview]
) -> tuple[dict[str, Any], list[pa.Buffer]]:
    rows = table(buffers[0])
    columns = [column.chunk(0) for column in rows.columns]
    wanted = Wanted(Contributions(header["contributions"]), header["intervals"])
    made = engine.predict(columns, rows.num_rows, wanted)
    tables = (made.predictions, made.contributions, made.intervals)
    return {}, [stream([*_whole(one)], one.schema.names) for one in tables if one is not None]


def _whole(given: pa.Table) -> Iterator[pa.Array]:
    return (column.chunk(0) for column in given.columns)


if __name__ == "__main__":
    main()
