"""Dialects with options, models and values that the server of the other tests does not have."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dai_routes.serve.dialects import DIALECTS
from dai_routes.serve.dialects.base import AboutPath, Context, ScorePath
from dai_scoring.batch.options import FileOptions
from dai_scoring.options import BadRows, Contributions, Wanted
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring.service import HttpRequest, HttpResponse, ScoringService
from tests.support.models import h2o3_mojo
from tests.support.models.penguins import PENGUIN
from tests.support.server.serving import Server

pytestmark = pytest.mark.runtime


def _answered(service: ScoringService, context: Context, path: ScorePath, body: Any) -> Any:
    call = path.read(HttpRequest("POST", path.path, body=json.dumps(body).encode()), context)
    assert not isinstance(call, HttpResponse)
    answer = call.answer(service.respond(call.request))
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


def test_tensors_have_the_names_and_types_that_the_description_says(penguins_scorer: Scorer) -> None:
    wanted = Wanted(Contributions.ORIGINAL)
    options = FileOptions(prediction_prefix="p_", bad_rows=BadRows.KEEP, wanted=wanted)
    infer = next(one for one in DIALECTS["v2"].fixed if isinstance(one, ScorePath))
    describe = next(one for one in DIALECTS["v2"].fixed if one.path.endswith("{name}") and isinstance(one, AboutPath))
    bad = {**PENGUIN, "body_mass_g": "heavy"}
    inputs = [
        {"name": name, "datatype": "BYTES", "shape": [2], "data": [str(bad[name]), str(value)]}
        for name, value in PENGUIN.items()
    ]
    with ScoringService(penguins_scorer, options) as service:
        context = Context("penguins", service, options, 1 << 20)
        about = describe.answer(HttpRequest("GET", "/v2/models/penguins"), context).body
        assert isinstance(about, bytes)
        said = {one["name"]: one["datatype"] for one in json.loads(about)["outputs"]}
        outputs = _answered(service, context, infer, {"inputs": inputs})["outputs"]
        one = _answered(service, context, infer, {"inputs": inputs, "outputs": [{"name": "p_male"}]})["outputs"]
    found = {one["name"]: one["datatype"] for one in outputs if not one["name"].startswith("_reject_")}
    assert found == said
    assert said["p_female"] == "FP64"
    assert one[0]["data"][0] is None
    assert isinstance(one[0]["data"][1], float)


def test_json_rpc_gives_all_scores_of_a_model_that_came_meanwhile(
    samples: Path, tmp_path: Path, settings: RuntimeSettings
) -> None:
    with zipfile.ZipFile(samples / "penguins.mojo") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["domains/d002.txt"] = b"hen\ncock\n"
    other = h2o3_mojo.made(tmp_path / "other.mojo", files)
    (path,) = DIALECTS["rpc"].paths
    assert isinstance(path, ScorePath)
    body = json.dumps({"id": 1, "method": "score", "params": {"row": PENGUIN}}).encode()
    with ScoringService.open(samples / "penguins.mojo", settings=settings) as service:
        context = Context("penguins", service, FileOptions(), 1 << 20)
        call = path.read(HttpRequest("POST", "/rpc", body=body), context)
        assert not isinstance(call, HttpResponse)
        assert service.load(other, settings=settings).error is None
        answer = call.answer(service.respond(call.request))
    assert isinstance(answer.body, bytes)
    result = json.loads(answer.body)["result"]
    assert (len(result), result[0]) == (3, "hen")


ODD = {"lists": "[" * 300 + "]" * 300, "objects": '{"a":' * 300 + "1" + "}" * 300, "long": "1" * 40, "large": "1e999"}


@pytest.mark.parametrize("value", ODD.values(), ids=list(ODD))
def test_a_further_column_may_have_any_value_of_json(server: Server, value: str) -> None:
    row = json.dumps(PENGUIN)[:-1] + f', "more": {value}}}'
    bodies = {
        "/predict": f'{{"instances": [{row}]}}',
        "/invocations": f'{{"inputs": [{row}]}}',
        "/rpc": f'{{"method": "score", "params": {{"row": {row}}}}}',
    }
    for path, body in bodies.items():
        found = server.post(path, body.encode())
        assert found.status == 200, found.text
        assert "error" not in found.json


@pytest.mark.parametrize("value", ["1" * 40, '"\\ud800"'])
def test_beside_nan_some_values_are_an_error(server: Server, value: str) -> None:
    found = server.post("/predict", f'{{"instances": [{{"a": NaN, "b": {value}}}]}}'.encode())
    assert (found.status, found.json["code"]) == (400, "malformed_content")
