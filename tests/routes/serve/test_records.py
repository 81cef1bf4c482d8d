"""Records over HTTP: the same numbers as everywhere, and a server that ends as it should."""

from __future__ import annotations

import csv
import gzip
import io
import signal
from pathlib import Path

import pyarrow as pa
import pytest

from tests.support.server.serving import Server, serving
from tests.support.waiting import PATIENCE

Rows = list[dict[str, str]]


def close(given: object, expected: str) -> bool:
    return float(str(given)) == pytest.approx(float(expected), abs=1e-9)


def test_csv_is_scored(server: Server, samples: Path, expected: Rows) -> None:
    answer = server.post("/score", (samples / "penguins-rows.csv").read_bytes(), "text/csv")
    found = list(csv.DictReader(io.StringIO(answer.text)))
    assert (answer.status, len(found)) == (200, len(expected))
    for one, right in zip(found, expected, strict=True):
        assert one["predict"] == right["predict"]
        assert close(one["female"], right["female"])


@pytest.mark.parametrize("path", ["/score", "/models/penguins/score"])
def test_a_record_of_json_is_scored(server: Server, rows: Rows, expected: Rows, path: str) -> None:
    found = server.post(path, rows[0]).json
    assert found["individual_id"] == rows[0]["individual_id"]
    assert close(found["female"], expected[0]["female"])


def test_other_formats_are_scored(server: Server, rows: Rows, expected: Rows) -> None:
    table = pa.Table.from_pylist(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    answer = server.post("/score", sink.getvalue().to_pybytes(), "application/vnd.apache.arrow.stream")
    found = pa.ipc.open_stream(answer.body).read_all()
    assert found.column("female").to_pylist() == pytest.approx([float(one["female"]) for one in expected])
    lines = gzip.compress(b'{"x": 1}\n{"x": 2}\n')
    refused = server.post("/score", lines, "application/x-ndjson", Content_Encoding="gzip")
    assert (refused.status, refused.json["code"]) == (400, "missing_columns")
    assert all(name in refused.json["detail"] for name in ("species", "bill_length_mm", "date_egg"))


def test_h2os_dialect(server: Server, rows: Rows, expected: Rows) -> None:
    asked = {"fields": list(rows[0]), "rows": [list(row.values()) for row in rows[:20]]}
    for path in ("/model/score", "/models/penguins/model/score"):
        found = server.post(path, asked).json
        at = found["fields"].index("female")
        assert all(close(row[at], right["female"]) for row, right in zip(found["score"], expected, strict=False))
    assert server.get("/model/id").text == found["id"]
    sample = server.get("/model/sample_request").json
    assert server.post("/model/score", sample).status == 200


def test_rows_are_kept_where_the_server_says_so(samples: Path, tmp_path: Path, rows: Rows) -> None:
    """Also if none of them can be scored; a request may still want otherwise."""
    bad = {**rows[0], "bill_length_mm": "x"}
    with serving(tmp_path, samples / "penguins.mojo", "--bad-rows", "keep") as server:
        for body in (bad, [bad], [bad, bad]):
            found = server.post("/score", body)
            first = found.json[0] if isinstance(body, list) else found.json
            assert (found.status, first["_reject_code"], first["predict"]) == (200, "not_a_number", None)
            assert server.post("/score?bad_rows=fail", body).status == 400
        header, values = ",".join(bad), ",".join(bad.values())
        lines = f"{header}\n{values}\n".encode()
        written = server.post("/invocations", lines, "text/csv", Accept="text/csv")
        assert written.status == 200
        assert b"not_a_number,bill_length_mm,x" in written.body


def test_probes(server: Server) -> None:
    assert [server.get(path).status for path in ("/livez", "/readyz", "/ping")] == [200, 200, 200]


def test_sigterm_ends_it_with_0(samples: Path, tmp_path: Path, rows: Rows) -> None:
    with serving(tmp_path, samples / "penguins.mojo") as server:
        kept = server.connection()
        kept.request("GET", "/readyz")
        assert kept.getresponse().read() == b"Ready"
        server.process.send_signal(signal.SIGTERM)
        # The connection learns by its next answer that it is the last.
        statuses = []
        while not statuses or statuses[-1] == 200:
            kept.request("GET", "/readyz")
            answer = kept.getresponse()
            answer.read()
            statuses.append(answer.status)
        assert (statuses[-1], answer.getheader("Connection")) == (503, "close")
        assert server.process.wait(PATIENCE) == 0
    assert "Traceback" not in server.log.read_text()
