"""FlowFiles read and written by NiFi's own record services."""

from __future__ import annotations

import datetime
import decimal
import io
import json
from pathlib import Path
from typing import Any

import fastavro
import nipyapi
import pytest

from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi.canvas import Canvas
from tests.support.nifi.instance import NiFi

pytestmark = pytest.mark.nifi

HEADER, ROW = ",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values())

AVRO = {
    "type": "record",
    "name": "passenger",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "pclass", "type": ["null", "int"]},
        {"name": "sex", "type": "string"},
        {"name": "age", "type": ["null", "double"]},
        {"name": "ticket", "type": "string"},
        {"name": "fare", "type": {"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 2}},
        {"name": "cabin", "type": ["null", "string"]},
        {"name": "paid", "type": {"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 20}},
        {"name": "born", "type": {"type": "int", "logicalType": "date"}},
        {"name": "seen", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "more", "type": {"type": "record", "name": "m", "fields": [{"name": "x", "type": ["null", "int"]}]}},
        {"name": "note", "type": ["null", "string"]},
    ],
}
PASSENGER: dict[str, Any] = {
    "id": 2**53 + 1,
    "pclass": 3,
    "sex": "male",
    "age": 22.0,
    "ticket": "A1",
    "cabin": "C1",
    "note": None,
    "fare": decimal.Decimal("7.25"),
    "paid": decimal.Decimal("1234567890.01234567890123456789"),
    "born": datetime.date(1890, 2, 28),
    "seen": datetime.datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=datetime.timezone.utc),
    "tags": ["a", 'ü,"b"'],
    "more": {"x": None},
}


def properties(model: Path, reader: str, writer: str, **further: str) -> dict[str, str | None]:
    return {"Model File": str(model), "Record Reader": reader, "Record Writer": writer, **further}


def only(found: dict[str, list[Any]]) -> dict[str, int]:
    return {name: len(flowfiles) for name, flowfiles in found.items() if flowfiles}


def test_csv_to_csv(canvas: Canvas, titanic: Path) -> None:
    services = canvas.service("CSVReader", {}), canvas.service("CSVRecordSetWriter", {})
    text = f'id,{HEADER},note\n007,{ROW},"a, ""b"""\n008,3,male,old,A1,7.25,C1,\n009,{ROW},ü\n'
    found = canvas.score(text, properties(titanic, *services))
    assert only(found) == {"success": 1, "rejected": 1, "original": 1}
    (scored,), (rejected,), (original,) = found["success"], found["rejected"], found["original"]
    predicted = ",".join(map(str, GOLDEN_SCORE))
    lines = canvas.content("success", scored).splitlines()
    assert lines[0] == f"id,{HEADER},note,survived.0,survived.1"
    assert [line.partition(",")[0] for line in lines[1:]] == ["007", "009"] or lines[1].startswith("7,")
    assert all(line.endswith(predicted) for line in lines[1:])
    bad = canvas.content("rejected", rejected).splitlines()
    assert bad[0].endswith("_reject_code,_reject_column,_reject_value")
    assert bad[1].endswith("not_a_number,age,old")
    assert canvas.content("original", original) == text
    assert scored.attributes["record.count"] == "2"
    assert scored.attributes["mime.type"] == "text/csv"
    assert scored.attributes["scoring.rejected.count"] == "1"
    assert rejected.attributes["record.count"] == "1"


def test_bad_rows_are_kept_in_their_place(canvas: Canvas, titanic: Path) -> None:
    services = canvas.service("CSVReader", {}), canvas.service("JsonRecordSetWriter", {})
    text = f"id,{HEADER},_reject_code\na,{ROW},nested\nb,3,male,old,A1,7.25,C1,\nc,{ROW},\n"
    found = canvas.score(text, properties(titanic, *services, **{"Bad Rows": "keep with the reason"}))
    assert only(found) == {"success": 1, "original": 1}
    (scored,) = found["success"]
    records = json.loads(canvas.content("success", scored))
    assert [one["id"] for one in records] == ["a", "b", "c"]
    assert [(one["survived.0"], one["survived.1"]) for one in records] == [GOLDEN_SCORE, (None, None), GOLDEN_SCORE]
    reasons = [tuple(one[f"_reject_{name}"] for name in ("code", "column", "value")) for one in records]
    assert reasons == [(None,) * 3, ("not_a_number", "age", "old"), (None,) * 3]
    counts = {"record.count": "3", "scoring.rejected.count": "1", "scoring.scored.count": "2"}
    assert counts.items() <= scored.attributes.items()


def test_reasons_of_an_earlier_scoring_and_what_would_help(canvas: Canvas, titanic: Path) -> None:
    services = canvas.service("CSVReader", {}), canvas.service("CSVRecordSetWriter", {})
    rejected = "_reject_code,_reject_column,_reject_value"
    text = f"id,{HEADER},{rejected}\na,{ROW},not_a_number,age,old\nb,3,male,NULL,A1,7.25,C1,not_a_number,age,older\n"
    found = canvas.score(text, properties(titanic, *services))
    assert only(found) == {"success": 1, "rejected": 1, "original": 1}
    header, line = canvas.content("success", found["success"][0]).splitlines()
    assert (header, line[:2]) == (f"id,{HEADER},survived.0,survived.1", "a,")
    (bad,) = found["rejected"]
    header, line = canvas.content("rejected", bad).splitlines()
    assert (header, line) == (f"id,{HEADER},{rejected}", "b,3,male,NULL,A1,7.25,C1,not_a_number,age,NULL")
    assert "Missing Literals" in bad.attributes["scoring.rejected.advice"]


def test_columns_of_a_user_with_the_names_of_reasons_are_never_overwritten(canvas: Canvas, titanic: Path) -> None:
    services = canvas.service("CSVReader", {}), canvas.service("CSVRecordSetWriter", {})
    text = f"{HEADER},_reject_value\n{ROW},my own\n"
    found = canvas.score(text, properties(titanic, *services))
    assert only(found) == {"failure": 1}
    assert found["failure"][0].attributes["scoring.error.code"] == "name_clash"
    assert "my own" not in found["failure"][0].attributes["scoring.error"]


def test_types_survive_from_avro_to_avro_and_json(canvas: Canvas, titanic: Path, tmp_path: Path) -> None:
    data = io.BytesIO()
    fastavro.writer(data, fastavro.parse_schema(AVRO), [PASSENGER, {**PASSENGER, "age": None, "cabin": None}])
    reader = canvas.service("AvroReader", {})
    written: dict[str, Any] = {}
    for kind in ("AvroRecordSetWriter", "JsonRecordSetWriter"):
        (tmp_path / kind).mkdir()
        found = canvas.score_file(
            tmp_path / kind, data.getvalue(), properties(titanic, reader, canvas.service(kind, {}))
        )
        assert only(found) == {"success": 1, "original": 1}
        api = nipyapi.nifi.FlowFileQueuesApi()
        response = api.download_flow_file_content(
            canvas.sinks["success"].id, found["success"][0].uuid, _preload_content=False
        )
        written[kind] = response.read()
    avro = fastavro.reader(io.BytesIO(written["AvroRecordSetWriter"]))
    # Names that Avro does not allow are the writer's business.
    kinds = {field["name"]: field["type"] for field in avro.writer_schema["fields"]}
    assert set(kinds["survived_0"]) == {"double", "null"}
    first, second = avro
    assert {name: first[name] for name in PASSENGER} == PASSENGER
    assert (first["survived_0"], first["survived_1"]) == GOLDEN_SCORE
    assert second["survived_0"] != first["survived_0"]
    one = json.loads(written["JsonRecordSetWriter"])[0]
    assert one["id"] == 2**53 + 1
    assert one["tags"] == PASSENGER["tags"]
    assert one["more"] == {"x": None}
    assert "1234567890.01234567890123456789" in written["JsonRecordSetWriter"].decode()


def test_a_writer_with_a_schema_of_its_own_and_chosen_columns(canvas: Canvas, titanic: Path) -> None:
    schema = {
        "type": "record",
        "name": "score",
        "fields": [{"name": "id", "type": "string"}, {"name": "sex", "type": ["null", "string"]}],
    }
    writer = canvas.service(
        "JsonRecordSetWriter", {"Schema Access Strategy": "schema-text-property", "Schema Text": json.dumps(schema)}
    )
    reader = canvas.service("JsonTreeReader", {})
    row = {"id": "7", **GOLDEN_ROW}
    found = canvas.score(json.dumps([row]), properties(titanic, reader, writer))
    assert json.loads(canvas.content("success", found["success"][0])) == [{"id": "7", "sex": "male"}]
    inherit = canvas.service("JsonRecordSetWriter", {})
    chosen = {"Output Columns": "id columns and predictions", "Id Columns": "id", "Prediction Prefix": "p_"}
    found = canvas.score(json.dumps([row]), properties(titanic, reader, inherit, **chosen))
    (scored,) = json.loads(canvas.content("success", found["success"][0]))
    assert list(scored) == ["id", "p_survived.0", "p_survived.1"]
    assert (scored["p_survived.0"], scored["p_survived.1"]) == GOLDEN_SCORE


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ('[{"pclass": 3, "sex": "male"}]', "missing_columns", "age, ticket, fare, cabin"),
        ('[{"pclass": 3, "sex":', "malformed_content", "Look at the service in Record Reader"),
    ],
)
def test_what_cannot_be_read_goes_to_failure_untouched(
    canvas: Canvas, titanic: Path, text: str, code: str, says: str
) -> None:
    services = canvas.service("JsonTreeReader", {}), canvas.service("JsonRecordSetWriter", {})
    found = canvas.score(text, properties(titanic, *services))
    assert only(found) == {"failure": 1}
    (failed,) = found["failure"]
    assert canvas.content("failure", failed) == text
    assert failed.attributes["scoring.error.code"] == code
    assert says in failed.attributes["scoring.error"]


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        ("CSVReader", "{header}\n3,male,{secret},A1,7.25,C1\n"),
        ("CSVReader", '{header}\n3,male,"{secret}'),
        ("JsonTreeReader", '[{{"pclass": 3, "sex": "{secret}", "age": {secret}}}]'),
        ("JsonTreeReader", '[{{"pclass": "{secret}", "sex": "male", "age": '),
        ("AvroReader", "{secret}{header}"),
    ],
)
def test_nothing_of_a_row_is_in_the_log(canvas: Canvas, titanic: Path, nifi: NiFi, reader: str, text: str) -> None:
    secret = "do-not-log-this-either"
    kinds = [{"name": name, "type": "int" if name in ("pclass", "age") else "string"} for name in GOLDEN_ROW]
    schema = {"type": "record", "name": "r", "fields": kinds}
    # With a schema of its own the service itself turns texts into numbers, and says so where it cannot.
    own = {"Schema Access Strategy": "schema-text-property", "Schema Text": json.dumps(schema)}
    services = canvas.service(reader, own if reader != "AvroReader" else {}), canvas.service("CSVRecordSetWriter", {})
    given = properties(titanic, *services, **{"Bad Rows": "fail the FlowFile"})
    (failed,) = canvas.score(text.format(header=HEADER, secret=secret), given)["failure"]
    assert secret not in json.dumps(failed.attributes)
    assert not [one.name for one in nifi.running.log.parent.iterdir() if secret in one.read_text(errors="replace")]


def test_a_nested_record_where_a_number_belongs_and_no_records(canvas: Canvas, titanic: Path) -> None:
    services = canvas.service("JsonTreeReader", {}), canvas.service("JsonRecordSetWriter", {})
    nested = {**GOLDEN_ROW, "age": {"years": 22}}
    found = canvas.score(json.dumps([nested]), properties(titanic, *services))
    # Nothing was scored, so nothing is sent on as scores.
    assert only(found) == {"rejected": 1, "original": 1}
    (rejected,) = json.loads(canvas.content("rejected", found["rejected"][0]))
    assert (rejected["_reject_code"], rejected["_reject_column"]) == ("nested", "age")
    assert rejected["age"] == {"years": 22}


def test_an_empty_flowfile(canvas: Canvas, titanic: Path, tmp_path: Path) -> None:
    services = canvas.service("CSVReader", {}), canvas.service("CSVRecordSetWriter", {})
    found = canvas.score_file(tmp_path, b"", properties(titanic, *services))
    assert only(found) == {"success": 1, "original": 1}
    (scored,) = found["success"]
    assert (scored.size, scored.attributes["record.count"], scored.attributes["scoring.rejected.count"]) == (
        0,
        "0",
        "0",
    )


def test_many_records_in_their_order(canvas: Canvas, titanic: Path, tmp_path: Path) -> None:
    rows = 90_000
    lines = [f"{i},{i % 3 + 1},male,{i % 80},A{i % 7},7.25,C{i % 11}" for i in range(rows)]
    lines[12_345] = "12345,3,male,old,A1,7.25,C1"
    services = canvas.service("CSVReader", {}), canvas.service("CSVRecordSetWriter", {})
    found = canvas.score_file(
        tmp_path, "\n".join([f"id,{HEADER}", *lines, ""]).encode(), properties(titanic, *services)
    )
    out = canvas.content("success", found["success"][0]).splitlines()[1:]
    assert [int(line.partition(",")[0]) for line in out] == [i for i in range(rows) if i != 12_345]
    assert canvas.content("rejected", found["rejected"][0]).splitlines()[1].startswith("12345,")


@pytest.mark.parametrize(
    ("last", "code"), [(json.dumps({**GOLDEN_ROW, "age": "old"}), "bad_rows"), ('{"pclass": ', "malformed_content")]
)
def test_an_error_after_many_records_leaves_the_flowfile_as_it_was(
    canvas: Canvas, titanic: Path, tmp_path: Path, last: str, code: str
) -> None:
    fields = [{"name": name, "type": "string"} for name in GOLDEN_ROW]
    # With a schema of its own the service reads the last record only when thousands have been scored and written.
    schema = json.dumps({"type": "record", "name": "r", "fields": fields})
    own = {"Schema Access Strategy": "schema-text-property", "Schema Text": schema}
    services = canvas.service("JsonTreeReader", own), canvas.service("CSVRecordSetWriter", {})
    text = f"[{','.join([*[json.dumps(GOLDEN_ROW)] * 12_000, last])}]"
    given = properties(titanic, *services, **{"Bad Rows": "fail the FlowFile"})
    found = canvas.score_file(tmp_path, text.encode(), given)
    assert only(found) == {"failure": 1}
    assert found["failure"][0].attributes["scoring.error.code"] == code
    assert canvas.content("failure", found["failure"][0]) == text


def test_one_service_without_the_other(canvas: Canvas, titanic: Path) -> None:
    made = {"Model File": str(titanic), "Record Reader": canvas.service("CSVReader", {})}
    state, errors = canvas.validation(canvas.scorer(made))
    assert state == "INVALID"
    assert "set both Record Reader and Record Writer" in " ".join(errors)
