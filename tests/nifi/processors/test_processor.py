"""ScoreJavaMojo on the canvas of a real NiFi: what it says before it starts, and what it adds to a FlowFile."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.archives import archive
from dai_nifi.archives.install import install, remove
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi import provenance
from tests.support.nifi.canvas import Canvas, bulletins, model_only, score_processor
from tests.support.nifi.instance import NiFi
from tests.support.project import quiet
from tests.support.waiting import until, wait_for

pytestmark = pytest.mark.nifi

PUBLIC = "ScorePublicWay"


@pytest.fixture
def own_canvas(nifi: NiFi) -> Iterator[Canvas]:
    """For a test that looks at all bulletins, or that connects a processor otherwise."""
    made = Canvas()
    yield made
    made.remove()


def test_an_absent_model_is_said_before_anything_runs(canvas: Canvas, tmp_path: Path) -> None:
    state, errors = canvas.validation(canvas.scorer(model_only(tmp_path / "gone.mojo")))
    assert state == "INVALID"
    assert f"do not exist or could not be accessed: [{tmp_path / 'gone.mojo'}]" in errors[0]


def test_a_text_file_is_no_mojo(canvas: Canvas, tmp_path: Path) -> None:
    path = tmp_path / "notes.mojo"
    path.write_text("these are not the bytes you are looking for")
    state, errors = canvas.validation(canvas.scorer(model_only(path)))
    assert state == "INVALID"
    assert "is not a MOJO, nor a scoring pipeline: both are zip files, and this is not one" in errors[0]


def test_a_truncated_mojo_and_its_repair(canvas: Canvas, samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.mojo"
    whole = (samples / "penguins.mojo").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    processor = canvas.scorer(model_only(path))
    state, errors = canvas.validation(processor)
    assert state == "INVALID"
    assert "its end is missing, as after an interrupted copy" in errors[0]
    path.write_bytes(whole)
    # NiFi looks again every few seconds; what remains is that nothing is connected.
    until(lambda: not [error for error in canvas.validation(processor)[1] if "Model File" in error])


def test_a_start_that_fails_is_told_in_a_sentence(own_canvas: Canvas, titanic: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.mojo"
    path.write_bytes(titanic.read_bytes())
    processor = score_processor(own_canvas, path)
    source = own_canvas.processor("GenerateFlowFile", {}, scheduling_period="1 day")
    nipyapi.canvas.create_connection(source, processor, ["success"])

    def told() -> list[str]:
        # NiFi looks at the file every few seconds; when it does so just now, there is nothing to start.
        path.write_bytes(titanic.read_bytes())
        until(lambda: own_canvas.validation(processor)[0] == "VALID")
        path.write_bytes(b"no model any more")
        _ask_to(own_canvas, processor, "RUNNING")
        wait_for(lambda: bool(bulletins(own_canvas, "ScoreJavaMojo")), 5)
        _ask_to(own_canvas, processor, "STOPPED")
        return bulletins(own_canvas, "ScoreJavaMojo")

    said = until(told, 120)
    assert all("is not a MOJO, nor a scoring pipeline: both are zip files, and this is not one" in one for one in said)
    assert not [one for one in said if "Traceback" in one or "Error:" in one or "\n" in one.strip()]


def _ask_to(canvas: Canvas, processor: Any, state: str) -> None:
    """Without waiting until it does, which a processor that cannot start never will."""
    revision = nipyapi.canvas.get_processor(processor.id, "id").revision
    body = nipyapi.nifi.ScheduleComponentsEntity(id=canvas.group.id, state=state, components={processor.id: revision})
    try:
        nipyapi.nifi.FlowApi().schedule_components(body, canvas.group.id)
    except nipyapi.nifi.rest.ApiException as error:
        # It is invalid, or has not ended starting.
        if error.status != 409:
            raise


def test_a_model_without_a_licence(canvas: Canvas, needs_licence: Path) -> None:
    state, errors = canvas.validation(canvas.scorer(model_only(needs_licence)))
    assert state == "INVALID"
    assert "needs a Driverless AI licence, and none was found. Set Licence Key or Licence File" in errors[0]


def test_contributions_of_a_model_that_has_none(canvas: Canvas, titanic: Path) -> None:
    properties: dict[str, str | None] = {**model_only(titanic), "Contributions": "original"}
    state, errors = canvas.validation(canvas.scorer(properties))
    assert state == "INVALID"
    assert "gives no contributions of the original columns on mojo2-runtime" in errors[0]


def test_contributions_of_a_model_that_has_them(canvas: Canvas, samples: Path) -> None:
    row = "Adelie,Torgersen,39.1,18.7,181,3750,2007-11-11"
    header = "species,island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,date_egg"
    properties: dict[str, str | None] = {**model_only(samples / "penguins.mojo"), "Contributions": "original"}
    found = canvas.score(f"{header}\n{row}\n", properties)
    names, values = (line.split(",") for line in canvas.content("success", found["success"][0]).splitlines())
    expected = (samples / "penguins-contributions.csv").read_text().splitlines()
    given = {name.removeprefix("contrib_"): float(value) for name, value in list(zip(names, values, strict=True))[10:]}
    assert given == dict(zip(expected[0].split(",")[2:], map(float, expected[1].split(",")[2:]), strict=True))


def test_id_columns_without_names(canvas: Canvas, samples: Path) -> None:
    properties = {**model_only(samples / "penguins.mojo"), "Output Columns": "id columns and predictions"}
    state, errors = canvas.validation(canvas.scorer(properties))
    assert state == "INVALID"
    assert "name at least one column" in errors[0]


def test_what_a_scored_flowfile_carries(canvas: Canvas, titanic: Path) -> None:
    header, row = ",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values())
    text = f"{header}\n{row}\n3,male,old,A1,7.25,C1\n"
    found = canvas.score(text, model_only(titanic))
    assert {name: len(flowfiles) for name, flowfiles in found.items()} == {
        "success": 1,
        "rejected": 1,
        "original": 1,
        "failure": 0,
    }
    (scored,), (rejected,), (original,) = found["success"], found["rejected"], found["original"]
    assert canvas.content("original", original) == text
    line = canvas.content("success", scored).splitlines()[1]
    assert line == f"{row},{GOLDEN_SCORE[0]},{GOLDEN_SCORE[1]}"
    common = {
        "mime.type": "text/csv",
        "scoring.model.id": "4722d920-b3f8-11e9-9f90-ac1f6b00be4c",
        "scoring.model.sha256": "3349ffbe4a93f23e5007d3263687e77e27c83d216c31db4c07c104e89ef2276a",
        "scoring.runtime": "mojo2-runtime (Java)",
        "scoring.runtime.version": "2.9.0",
        "record.count": "1",
        "filename": original.attributes["filename"],
    }
    assert {**common, "scoring.rejected.count": "1"}.items() <= scored.attributes.items()
    assert common.items() <= rejected.attributes.items()
    assert int(scored.attributes["scoring.duration.ms"]) >= 0
    assert not [name for name in original.attributes if name.startswith("scoring.")]
    (event,) = provenance.events({"FlowFileUUID": scored.uuid, "EventType": "CONTENT_MODIFIED"})
    assert "4722d920-b3f8-11e9-9f90-ac1f6b00be4c" in event.details


def test_bad_rows_are_kept_in_their_place(canvas: Canvas, titanic: Path) -> None:
    header, row = ",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values())
    kept = {**model_only(titanic), "Bad Rows": "keep with the reason"}
    found = canvas.score(f"{header}\n3,male,old,A1,7.25,C1\n{row}\n", kept)
    assert {name: len(flowfiles) for name, flowfiles in found.items() if flowfiles} == {"success": 1, "original": 1}
    (scored,) = found["success"]
    assert canvas.content("success", scored).splitlines()[1:] == [
        "3,male,old,A1,7.25,C1,,,not_a_number,age,old",
        f"{row},{GOLDEN_SCORE[0]},{GOLDEN_SCORE[1]},,,",
    ]
    counts = {"record.count": "2", "scoring.rejected.count": "1", "scoring.scored.count": "1"}
    assert counts.items() <= scored.attributes.items()


def test_rows_of_a_request_stay_together_unless_none_can_be_scored(canvas: Canvas, titanic: Path) -> None:
    header, row = ",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values())
    request = {"http.method": "POST", "http.request.uri": "/score"}
    answering = {**model_only(titanic), "H2O REST Requests": "answer"}
    found = canvas.score(f"{header}\n3,male,old,A1,7.25,C1\n{row}\n", answering, attributes=request)
    assert {name: len(flowfiles) for name, flowfiles in found.items() if flowfiles} == {"success": 1, "original": 1}
    lines = canvas.content("success", found["success"][0]).splitlines()[1:]
    assert [line.endswith("not_a_number,age,old") for line in lines] == [True, False]
    found = canvas.score(f"{header}\n3,male,old,A1,7.25,C1\n", answering, attributes=request)
    (rejected,) = found["rejected"]
    assert (rejected.attributes["scoring.scored.count"], found["success"]) == ("0", [])


def test_a_text_that_may_mean_missing_is_advised_and_then_taken(canvas: Canvas, titanic: Path) -> None:
    text = f"{','.join(GOLDEN_ROW)}\n3,male,-,A1,7.25,C1\n3,male,,A1,7.25,C1\n"
    (rejected,) = canvas.score(text, model_only(titanic))["rejected"]
    assert "name it in Missing Literals" in rejected.attributes["scoring.rejected.advice"]
    found = canvas.score(text, {**model_only(titanic), "Missing Literals": "-"})
    assert found["rejected"] == []
    one, other = (line.split(",")[-2:] for line in canvas.content("success", found["success"][0]).splitlines()[1:])
    assert one == other


def test_rejected_rows_alone_send_nothing_to_success(canvas: Canvas, titanic: Path) -> None:
    found = canvas.score(",".join(GOLDEN_ROW) + "\n3,male,old,A1,7.25,C1\n3,male,1,A1,dear,C1\n", model_only(titanic))
    assert {name: len(flowfiles) for name, flowfiles in found.items()} == {
        "success": 0,
        "rejected": 1,
        "original": 1,
        "failure": 0,
    }
    (rejected,) = found["rejected"]
    counts = {"record.count": "2", "scoring.rejected.count": "2", "scoring.scored.count": "0"}
    assert counts.items() <= rejected.attributes.items()
    assert canvas.content("rejected", rejected).splitlines()[1].endswith("not_a_number,age,old")


def test_an_empty_flowfile_goes_to_success(canvas: Canvas, titanic: Path) -> None:
    found = canvas.score("", model_only(titanic))
    (scored,) = found["success"]
    assert (scored.size, scored.attributes["record.count"]) == (0, "0")
    assert not found["rejected"]


def test_many_flowfiles_go_on_where_original_is_not_connected(own_canvas: Canvas, titanic: Path) -> None:
    text = f"{','.join(GOLDEN_ROW)}\n{','.join(GOLDEN_ROW.values())}\n"
    written = {"File Size": "0B", "Data Format": "Text", "Unique FlowFiles": "false", "Batch Size": "40"}
    source = own_canvas.processor("GenerateFlowFile", {**written, "Custom Text": text}, scheduling_period="1 day")
    scorer = own_canvas.processor(
        "ScoreJavaMojo", model_only(titanic), auto_terminated_relationships=["failure", "rejected"]
    )
    sink = own_canvas.processor("UpdateAttribute", {}, auto_terminated_relationships=["success"])
    nipyapi.canvas.create_connection(source, scorer, ["success"])
    scored = nipyapi.canvas.create_connection(scorer, sink, ["success"])
    until(lambda: own_canvas.validation(scorer)[0] == "VALID")
    for processor in (source, scorer):
        nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(processor.id, "id"), True)
    connections = nipyapi.nifi.ConnectionsApi()
    until(lambda: connections.get_connection(scored.id).status.aggregate_snapshot.flow_files_queued == 40)
    assert not bulletins(own_canvas, "ScoreJavaMojo")


def test_an_answer_in_h2o_s_dialect_carries_the_same_attributes(canvas: Canvas, titanic: Path) -> None:
    asked = json.dumps({"fields": list(GOLDEN_ROW), "rows": [list(GOLDEN_ROW.values())]})
    request = {"http.method": "POST", "http.request.uri": "/model/score"}
    properties = {**model_only(titanic), "H2O REST Requests": "answer"}
    (answer,) = canvas.score(asked, properties, attributes=request)["success"]
    assert json.loads(canvas.content("success", answer))["score"] == [[str(score) for score in GOLDEN_SCORE]]
    counts = {"record.count": "1", "scoring.rejected.count": "0", "mime.type": "application/json"}
    assert counts.items() <= answer.attributes.items()
    assert int(answer.attributes["scoring.duration.ms"]) >= 0


def test_a_flowfile_of_the_wrong_format_for_the_property(canvas: Canvas, titanic: Path) -> None:
    found = canvas.score('[{"pclass": 3}]', {**model_only(titanic), "Input Format": "parquet"})
    (flowfile,) = found["failure"]
    assert canvas.content("failure", flowfile) == '[{"pclass": 3}]'
    assert flowfile.attributes["scoring.error.code"] == "malformed_content"
    assert "Parquet" in flowfile.attributes["scoring.error"]
    assert not found["success"]


@pytest.fixture(scope="module")
def public_way(nifi: NiFi, java_nar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canvas]:
    """The same processor without the helper for NiFi's virtual machine, as where NiFi does not let it in."""
    with zipfile.ZipFile(java_nar) as nar:
        entries: dict[str, Path | bytes] = {
            name: nar.read(name)
            for name in nar.namelist()
            if not name.endswith("/")
            and name not in ("META-INF/MANIFEST.MF", "ScoreJavaMojo.py")
            and "dai_scoring_nifi/jars/" not in name
        }
        module = nar.read("ScoreJavaMojo.py").decode()
    module = module.replace("class ScoreJavaMojo(RecordScoring)", f"class {PUBLIC}(RecordScoring)")
    entries[f"{PUBLIC}.py"] = module.encode()
    path = tmp_path_factory.mktemp("public") / "public.nar"
    archive.write(path, archive.manifest("org.apache.nifi", "public-way-nar", "0.1.0"), entries)
    install(path, quiet)
    made = Canvas()
    yield made
    made.remove()
    remove("public-way-nar", quiet, force=True)


def test_the_public_way_gives_the_same_and_says_that_it_is_slow(public_way: Canvas, titanic: Path, nifi: NiFi) -> None:
    header, row = ",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values())
    found = public_way.score(f"{header}\n{row}\n", model_only(titanic), kind=PUBLIC)
    (scored,), (original,) = found["success"], found["original"]
    assert public_way.content("success", scored).splitlines()[1] == f"{row},{GOLDEN_SCORE[0]},{GOLDEN_SCORE[1]}"
    assert public_way.content("original", original) == f"{header}\n{row}\n"
    assert "contents go the slow way" in nifi.log()


def test_the_public_way_fails_a_flowfile_with_a_bad_row_whole(public_way: Canvas, titanic: Path) -> None:
    text = "\n".join([",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values()), "3,male,old,A1,7.25,C1", ""])
    found = public_way.score(text, model_only(titanic), kind=PUBLIC)
    (flowfile,) = found["failure"]
    assert flowfile.attributes["scoring.error.code"] == "bad_rows"
    assert public_way.content("failure", flowfile) == text


def test_the_public_way_rejects_a_flowfile_of_bad_rows_alone(public_way: Canvas, titanic: Path) -> None:
    found = public_way.score(",".join(GOLDEN_ROW) + "\n3,male,old,A1,7.25,C1\n", model_only(titanic), kind=PUBLIC)
    (rejected,) = found["rejected"]
    assert (rejected.attributes["record.count"], rejected.attributes["scoring.scored.count"]) == ("1", "0")
    assert not found["success"]
