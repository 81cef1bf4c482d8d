"""No error repeats what stands in a row: the text of an error goes into logs, bulletins and answers."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import ScoringError
from dai_scoring.formats import Format
from dai_scoring.option_words import Audience
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.scorer import Scorer
from tests.support.engines import Sum

PLANTED = "planted7f3a"
OPTIONS: list[dict[str, Any]] = [
    {},
    {"bad_rows": BadRows.FAIL},
    {"bad_rows": BadRows.KEEP},
    {"missing_columns": MissingColumns.AS_MISSING},
    {
        "missing_columns": MissingColumns.AS_MISSING,
        "output_columns": OutputColumns.IDS,
        "id_columns": ("id",),
    },
    {"delimiter": ";"},
    {"charset": "latin-1"},
    *({"input_format": one} for one in Format),
    *({"output_format": one, "bad_rows": BadRows.FAIL} for one in Format),
]


def texts() -> Iterator[tuple[str, str | bytes]]:
    p = PLANTED
    yield from {
        "no header": f"1,{p}\n2,b\n",
        "no header, a name twice": f"{p},{p}\n1,2\n",
        "no header, a value like a column": f"x,{p}\n1,2\n",
        "no header, not UTF-8": f"1,{p}\n2,".encode() + b"\xff\n",
        "header not UTF-8": p.encode() + b"\xff,s\n1,2\n",
        "not UTF-8": f"x,s\n1,{p}".encode() + b"\xff\n",
        "NUL": f"x,s\n1,{p}\0\n",
        "open quote": f'x,s\n1,"{p}\n2,b\n',
        "after a quote": f'x,s\n1,"a"{p}\n',
        "fields": f"x,s\n{p}\n1,{p},3\n",
        "no number": f"x,s\n{p},a\n",
        "clash": f"x,s,total\n1,{p},{p}\n",
        "reason": f"x,s,_reject_code\n1,a,{p}\n",
        "UTF-16": f"x,s\n{p},{p}\n".encode("utf-16")[:-1],
        "JSON cut in a text": f'[{{"x":1,"s":"{p}',
        "JSON cut behind": f'[{{"x":1,"s":"{p}"}},',
        "lines cut": f'{{"x":1,"s":"a"}}\n{{"x":1,"s":"{p}',
        "JSON and text": f'[{{"x":1,"s":"a"}}] {p}',
        "text": p,
        "no objects": f'["{p}"]',
        "Python": f"{{'x':1,'s':'{p}'}}",
        "NaN": f'[{{"x":NaN,"s":"{p}"}}]',
        "no quotes": f'[{{"x":{p},"s":"a"}}]',
        "a line": f'{{"x":1,"s":"a"}}\n{p}\n{{"x":1,"s":"b"}}\n',
        "nested": f'[{{"x":{{"a":"{p}"}},"s":"a"}}]',
        "escape": f'[{{"x":1,"s":"\\x{p}"}}]',
        "surrogate": f'[{{"x":1,"s":"\\ud800{p}"}}]',
        "twice": f'[{{"x":1,"x":"{p}","s":"a"}}]',
        "envelope": f'{{"instances":[{{"x":"{p}"}}]}}',
        "split": f'{{"columns":["x","s"],"data":[[1,"{p}"]]}}',
        "too large": f'[{{"x":1e999,"s":"{p}"}}]',
    }.items()


def binary() -> Iterator[tuple[str, bytes]]:
    planted = PLANTED.encode() + b"\xff"
    ends = struct.pack("<3i", 0, len(planted), 2 * len(planted))
    damaged = pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(ends), pa.py_buffer(planted * 2)])
    two = pa.array(["a", "b"])
    for name, table in {
        "not UTF-8": pa.table({"x": [1, 2], "s": damaged}),
        "no number": pa.table({"x": [PLANTED, "2"], "s": two}),
        "nested": pa.table({"x": [{"a": PLANTED}, None], "s": two}),
        "nested not UTF-8": pa.table({"x": [1, 2], "s": two, "l": pa.ListArray.from_arrays([0, 1, 2], damaged)}),
        "bytes": pa.table({"x": [planted, b"1"], "s": [planted, b"a"]}),
    }.items():
        out = BytesIO()
        with pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
        yield f"Arrow, {name}", out.getvalue()
        yield f"Arrow cut, {name}", out.getvalue()[:-20]
        out = BytesIO()
        pq.write_table(table, out)
        yield f"Parquet, {name}", out.getvalue()
    fields = [{"name": "x", "type": ["string", "double"]}, {"name": "s", "type": "string"}]
    out = BytesIO()
    fastavro.writer(out, {"type": "record", "name": "r", "fields": fields}, [{"x": PLANTED, "s": PLANTED}] * 9)
    whole = out.getvalue()
    for at in range(80, len(whole), 11):
        yield f"Avro damaged at {at}", whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]


CONTENTS = {name: data.encode() if isinstance(data, str) else data for name, data in [*texts(), *binary()]}


def said_of(source: Path, options: FileOptions, mime: str) -> str:
    """Everything that an error says to anybody; empty if no error is raised."""
    try:
        score_file(Scorer(Sum()), source, source.with_name("out"), source.with_name("bad"), options, mime)
    except ScoringError as error:
        return json.dumps([*(error.text_for(one) for one in Audience), error.column])
    return ""


@pytest.mark.parametrize("name", CONTENTS)
def test_no_error_has_the_value(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    source = tmp_path / "in"
    source.write_bytes(CONTENTS[name])
    mime = "application/json" if CONTENTS[name][:1] in b"[{" else "text/csv"
    for options in OPTIONS:
        assert PLANTED not in said_of(source, FileOptions(**options), mime), options
    assert PLANTED not in caplog.text
