"""The dialects of other servers: each gives the numbers that the records give."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
import pytest

from dai_routes.serve.dialects import DIALECTS
from dai_routes.serve.dialects.base import Context, ScorePath
from dai_scoring.batch.options import FileOptions
from dai_scoring.options import BadRows
from dai_scoring.scorer import Scorer
from dai_scoring.service import HttpRequest, HttpResponse, ScoringService
from tests.support.server.serving import Server

Rows = list[dict[str, str]]
MODEL = ("species", "island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "date_egg")
NUMBERS = MODEL[2:6]


def right(expected: Rows, count: int) -> Any:
    return pytest.approx([float(one["female"]) for one in expected[:count]])


def typed(row: dict[str, str]) -> dict[str, Any]:
    """A row with numbers as numbers, and null for what is missing."""
    return {name: (float(row[name]) if row[name] not in ("", "NA") else None) if name in NUMBERS else row[name]
            for name in MODEL}  # fmt: skip


@pytest.mark.parametrize("count", [3, 344])
def test_invocations(server: Server, rows: Rows, expected: Rows, count: int) -> None:
    records = [typed(row) for row in rows[:count]]
    count = len(records)
    columns = {name: [one[name] for one in records] for name in MODEL}
    split = {"columns": list(MODEL), "data": [list(one.values()) for one in records]}
    bodies: list[Any] = [
        {"dataframe_split": split},
        {"dataframe_records": records},
        {"instances": records},
        {"inputs": columns},
        {"inputs": records},
        records,
    ]
    for body in bodies:
        found = server.post("/invocations", body)
        assert found.status == 200, found.text
        assert [one["female"] for one in found.json["predictions"]] == right(expected, count)
    assert list(found.json["predictions"][0]) == ["predict", "female", "male"]


def test_nan_is_a_missing_value_where_clients_write_it(server: Server, rows: Rows) -> None:
    row = {**typed(rows[0]), "body_mass_g": None}
    (expected,) = server.post("/score", [row]).json
    split = {"columns": list(MODEL), "data": [list(row.values())]}
    written = json.dumps({"dataframe_split": split}).replace("null", "NaN").encode()
    assert server.post("/invocations", written).json["predictions"][0]["female"] == expected["female"]
    found = server.post("/invocations", written.replace(b"NaN", b"Infinity"))
    assert (found.status, found.json["code"]) == (400, "malformed_content")
    tensors = [
        {"name": name, "shape": [1], "datatype": "FP64" if name in NUMBERS else "BYTES", "data": [value]}
        for name, value in row.items()
    ]
    body = json.dumps({"inputs": tensors}).replace("null", "NaN").encode()
    outputs = server.post("/v2/models/penguins/infer", body).json["outputs"]
    assert {one["name"]: one["data"] for one in outputs}["female"] == [expected["female"]]


def test_invocations_in_csv_and_lines(server: Server, rows: Rows, expected: Rows) -> None:
    text = "\n".join([",".join(MODEL), *(",".join(row[name] for name in MODEL) for row in rows[:5])])
    found = server.post("/invocations", text.encode(), "text/csv")
    assert [one["female"] for one in found.json["predictions"]] == right(expected, 5)
    found = server.post("/invocations", text.encode(), "text/csv", Accept="text/csv")
    lines = [line.split(",") for line in found.text.splitlines()]
    assert (found.headers["content-type"], lines[0]) == ("text/csv", ["predict", "female", "male"])
    assert [float(line[1]) for line in lines[1:]] == right(expected, 5)
    many = "\n".join(json.dumps(typed(row)) for row in rows[:5]).encode()
    found = server.post("/invocations", many, "application/jsonlines")
    assert [one["female"] for one in found.json["predictions"]] == right(expected, 5)
    h2o = {"fields": list(MODEL), "rows": [[row[name] for name in MODEL] for row in rows[:2]]}
    assert len(server.post("/invocations", h2o).json["score"]) == 2


def test_vertex(server: Server, rows: Rows, expected: Rows) -> None:
    found = server.post("/predict", {"instances": [typed(row) for row in rows[:4]], "parameters": {}})
    assert [one["female"] for one in found.json["predictions"]] == right(expected, 4)
    assert server.post("/predict", {"instances": []}).status == 400
    by_position = server.post("/predict", {"instances": [["Adelie", "Dream"]]})
    assert (by_position.status, by_position.json["row"]) == (400, 1)


def test_json_rpc(server: Server, rows: Rows, expected: Rows) -> None:
    def call(method: str, params: Any = None) -> Any:
        return server.post("/rpc", {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).json

    found = call("score", {"row": rows[0]})
    assert (found["id"], found["result"][0]) == (7, expected[0]["predict"])
    assert float(found["result"][1]) == pytest.approx(float(expected[0]["female"]))
    assert call("get_column_names")["result"] == list(MODEL)
    assert call("get_target_labels")["result"] == ["female", "male"]
    names = call("get_transformed_column_names")["result"]
    parts = call("score", {"row": rows[0], "pred_contribs": True})["result"]
    # They add up to the log-odds of the second class.
    odds = float(expected[0]["male"]) / float(expected[0]["female"])
    assert (len(parts), sum(parts)) == (len(names), pytest.approx(math.log(odds), abs=1e-4))
    bad = call("score", {"row": {**rows[0], "body_mass_g": "heavy"}})["error"]
    assert (bad["code"], bad["data"]) == (-32000, {"code": "bad_rows", "row": 1, "column": "body_mass_g"})
    assert call("nothing")["error"]["code"] == -32601
    assert call("score", {"row": 1})["error"]["code"] == -32602
    assert server.post("/rpc", b"{").json["error"]["code"] == -32700
    # As Python makes them of a UUID.
    large = {"jsonrpc": "2.0", "id": 1 << 127, "method": "score", "params": {"row": rows[0]}}
    assert server.post("/rpc", large).json["id"] == server.post("/rpc", {**large, "params": {}}).json["id"] == 1 << 127


@pytest.mark.parametrize("wants", [False, True])
def test_json_rpc_has_an_error_for_a_bad_row_that_others_keep(penguins_scorer: Scorer, rows: Rows, wants: bool) -> None:
    options = FileOptions(bad_rows=BadRows.KEEP)
    row = {**rows[0], "body_mass_g": "heavy"}
    body = json.dumps({"id": 1, "method": "score", "params": {"row": row, "pred_contribs": wants}}).encode()
    (path,) = DIALECTS["rpc"].paths
    assert isinstance(path, ScorePath)
    with ScoringService(penguins_scorer, options) as service:
        call = path.read(HttpRequest("POST", "/rpc", body=body), Context("penguins", service, options, 1 << 20))
        assert not isinstance(call, HttpResponse)
        failure = service.respond(call.request).failure
    assert failure is not None
    assert (failure.code, failure.column) == ("bad_rows", "body_mass_g")


def test_open_inference_in_json(server: Server, rows: Rows, expected: Rows) -> None:
    assert server.get("/v2").json["extensions"] == ["binary_tensor_data"]
    assert server.get("/v2/health/ready").json["ready"] is True
    about = server.get("/v2/models/penguins").json
    assert [one["name"] for one in about["inputs"]] == list(MODEL)
    assert [one["name"] for one in about["outputs"]] == ["predict", "female", "male"]
    records = [typed(row) for row in rows[:4]]
    inputs = [
        {"name": one["name"], "datatype": one["datatype"], "shape": [4], "data": [row[one["name"]] for row in records]}
        for one in about["inputs"]
    ]
    found = server.post("/v2/models/penguins/infer", {"id": "a", "inputs": inputs}).json
    outputs = {one["name"]: one for one in found["outputs"]}
    assert (found["id"], outputs["female"]["shape"], outputs["female"]["datatype"]) == ("a", [4], "FP64")
    assert outputs["female"]["data"] == right(expected, 4)
    one = server.post("/v2/models/penguins/versions/1/infer", {"inputs": inputs, "outputs": [{"name": "male"}]}).json
    assert [each["name"] for each in one["outputs"]] == ["male"]
    lacks = server.post("/v2/models/penguins/infer", {"inputs": inputs[1:3]})
    assert (lacks.status, lacks.json["code"]) == (400, "missing_columns")
    assert "body_mass_g" in lacks.json["error"]


def test_open_inference_in_bytes(server: Server, rows: Rows, expected: Rows) -> None:
    inputs, tail = [], b""
    for name in MODEL:
        values = [typed(row)[name] for row in rows[:4]]
        if name in NUMBERS:
            data = np.array([np.nan if one is None else one for one in values], "<f8").tobytes()
        else:
            data = b"".join(struct.pack("<I", len(one)) + one.encode() for one in values)
        kind = "FP64" if name in NUMBERS else "BYTES"
        inputs.append({"name": name, "datatype": kind, "shape": [4, 1], "parameters": {"binary_data_size": len(data)}})
        tail += data
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    body, kind = head + tail, "application/octet-stream"
    found = server.post("/v2/models/penguins/infer", body, kind, Inference_Header_Content_Length=str(len(head)))
    assert found.status == 200, found.text
    size = int(found.headers["inference-header-content-length"])
    outputs = json.loads(found.body[:size])["outputs"]
    assert [one["name"] for one in outputs] == ["predict", "female", "male"]
    start = size + outputs[0]["parameters"]["binary_data_size"]
    assert list(np.frombuffer(found.body[start : start + 32], "<f8")) == right(expected, 4)
    wrong = server.post("/v2/models/penguins/infer", body[:-1], kind, Inference_Header_Content_Length=str(len(head)))
    assert (wrong.status, wrong.json["code"]) == (400, "malformed_content")
    for length in ("\xb2", "9" * 5000):
        wrong = server.post("/v2/models/penguins/infer", body, kind, Inference_Header_Content_Length=length)
        assert (wrong.status, wrong.json["code"]) == (400, "malformed_content")
