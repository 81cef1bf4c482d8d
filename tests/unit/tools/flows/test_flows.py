"""The flow definitions, checked without a NiFi."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from dai_nifi import resources
from dai_nifi.errors import ModelRefusedError, NotFoundError, UsageError
from dai_nifi.flows import catalogue, templates
from dai_nifi.flows.batch import files
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.flows.parts import BOX_HEIGHT, BOX_WIDTH
from dai_nifi.flows.realtime import champion_challenger, requests
from dai_nifi.operations.canvas import assets
from dai_nifi.operations.deployment import checks
from dai_nifi.operations.requirements import of_template
from dai_scoring.errors import InputError, ModelError
from dai_scoring.progress import silent

EVERY = [(name, runtime) for name, found in templates.TEMPLATES.items() for runtime in found.runtimes]


@pytest.fixture(params=EVERY, ids=["-".join(one) for one in EVERY])
def contents(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = templates.definition(*request.param)
    return found


@pytest.mark.parametrize(("name", "runtime"), EVERY)
def test_the_committed_files_are_what_the_source_generates(name: str, runtime: str) -> None:
    assert templates.path(name, runtime).read_text(encoding="utf-8") == templates.generated(name, runtime), (
        "run: python -m dai_nifi.flows.generate"
    )


def test_no_other_file_pretends_to_be_a_flow() -> None:
    assert {file.name for file in resources.flows().glob("*.json")} == {templates.file_name(*one) for one in EVERY}


def test_every_relationship_of_the_scorer_leads_somewhere(contents: dict[str, Any]) -> None:
    flow = contents["flowContents"]
    scorers = [one for one in flow["processors"] if one["bundle"]["artifact"] == "python-extensions"]
    assert scorers
    for scorer in scorers:
        connected = {
            name
            for one in flow["connections"]
            if one["source"]["id"] == scorer["identifier"]
            for name in one["selectedRelationships"]
        }
        assert connected | set(scorer["autoTerminatedRelationships"]) == {"success", "rejected", "failure", "original"}
        assert not connected & set(scorer["autoTerminatedRelationships"])
        assert {"success", "failure"} <= connected


def test_scorer_properties_exist_in_the_processor() -> None:
    for name, runtime in EVERY:
        known = RUNTIMES[runtime]
        source = (resources.extensions() / f"{known.processor}.py").read_text(encoding="utf-8")
        names = set(re.findall(r'PropertyDescriptor\(\s*name="([^"]+)"', source))
        for one in templates.definition(name, runtime)["flowContents"]["processors"]:
            if one["type"] == known.processor:
                assert set(one["properties"]) <= names
                assert one["bundle"]["version"] == _version(source)


def _documented() -> dict[str, dict[str, str]]:
    """The parameters that nifi_flows/README.md has in its tables, with the cell of their default, by section."""
    found: dict[str, dict[str, str]] = {}
    section = ""
    for line in (resources.flows() / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else []
        if len(cells) == 3 and cells[2] != "as above":
            for name in cells[0].split(", "):
                found.setdefault(section, {})[name] = cells[1]
    return found


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_every_parameter_is_in_a_table_with_its_default(name: str) -> None:
    documented = _documented()
    known = {**documented["realtime-http"], **documented[name]}
    for runtime in templates.template(name).runtimes:
        for one in templates.template(name).with_runtime(runtime).parameters:
            assert one.name in known, f"{one.name} is not in nifi_flows/README.md"
            assert (one.default or "") in known[one.name], f"{one.name} of {name} ({runtime})"
    listed = set(documented[name]) - {"parameter", "status", "flow"}
    every = {one.name for runtime in RUNTIMES for one in templates.template(name).with_runtime(runtime).parameters}
    assert {one for one in listed if "." in one} <= every


@pytest.mark.parametrize(("name", "runtime"), EVERY)
def test_a_setting_has_the_values_and_the_default_of_its_property(name: str, runtime: str) -> None:
    source = (resources.extensions() / f"{RUNTIMES[runtime].processor}.py").read_text(encoding="utf-8")
    properties = {one: ast.literal_eval(text) for one, text in _allowable(source).items()}
    for one in templates.template(name).with_runtime(runtime).parameters:
        if one.sets is not None:
            assert f'name="{one.sets}"' in source
            known = properties.get(one.sets, [])
            if (name, one.name) == ("batch-database", "bad.rows"):
                # Its rejected rows have a table of their own.
                known = known[:2]
            assert list(one.choices) == known
            assert not one.choices or one.default in one.choices


def _allowable(source: str) -> dict[str, str]:
    """The allowable values of each property of a processor's module that has some, as they are written there."""
    found = {}
    for part in source.split("PropertyDescriptor(")[1:]:
        values = re.search(r"allowable_values=(\[.*?\])", part, re.DOTALL)
        name = re.search(r'name="([^"]+)"', part)
        if values and name:
            found[name[1]] = values[1]
    return found


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"output.columns": "every"},
            "'input and predictions', 'id columns and predictions', 'predictions' (or all, ids), not 'every'",
        ),
        ({"output.columns": "id columns and predictions"}, "--param id.columns="),
        ({"bad.rows": "drop"}, "'route to rejected'"),
        ({"contributions": "Originals"}, "'none', 'original', 'transformed'"),
        ({"prediction.intervals": "maybe"}, "'off', 'on'"),
        ({"input.format": "excel"}, "'csv'"),
        ({"batch.rows": "0"}, "a whole number, 1 or more, not '0'"),
        ({"batch.rows": "1e4"}, "a whole number"),
        ({"jvm.options": "Xmx2g"}, "begin with '-'"),
        ({"jvm.options": "-Xmx2gb"}, "-Xmx2g"),
        ({"jvm.options": "-Xmx2g 'x"}, "cannot be read"),
        ({"record.reader": "an-id"}, "record.reader is given without record.writer"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        checks.check_values(templates.template("batch-files").with_runtime("java"), given, BATCH)


def test_an_optional_parameter_may_be_emptied_and_no_workers_are_a_number_of_workers() -> None:
    checks.check_values(
        templates.template("batch-files").with_runtime("cpp"), {"id.columns": "", "workers": "0"}, BATCH
    )
    with pytest.raises(UsageError, match="1 or more"):
        checks.check_values(templates.template("batch-files").with_runtime("python"), {"workers": "0"}, BATCH)


def _version(source: str) -> object:
    (version,) = (
        node.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "version"
        and isinstance(node.value, ast.Constant)
    )
    return version


def test_parameters_that_are_used_are_declared_and_the_other_way_round(contents: dict[str, Any]) -> None:
    used = set(re.findall(r"#\{([^}]+)\}", json.dumps(contents["flowContents"])))
    (context,) = contents["parameterContexts"].values()
    assert used == {one["name"] for one in context["parameters"]}
    assert context["name"] == contents["flowContents"]["parameterContextName"]


def test_nothing_secret_and_no_path_is_in_a_template(contents: dict[str, Any]) -> None:
    (context,) = contents["parameterContexts"].values()
    values = {one["name"]: one.get("value") for one in context["parameters"]}
    secret_or_elsewhere = {"licence.key", "model.file", "database.password", "database.driver", "database.url"}
    assert [name for name in secret_or_elsewhere if values.get(name) is not None] == []
    assert {one["name"] for one in context["parameters"] if one["sensitive"]} == values.keys() & {
        "licence.key",
        "database.password",
        "kafka.password",
        "jms.password",
        "rabbitmq.password",
    }


def test_boxes_do_not_overlap_and_lie_inside_or_outside_of_labels(contents: dict[str, Any]) -> None:
    flow = contents["flowContents"]
    boxes = [(one["position"]["x"], one["position"]["y"]) for one in flow["processors"]]
    for (x1, y1), (x2, y2) in combinations(boxes, 2):
        assert abs(x1 - x2) >= BOX_WIDTH or abs(y1 - y2) >= BOX_HEIGHT
    labels = [(one["position"]["x"], one["position"]["y"], one["width"], one["height"]) for one in flow["labels"]]
    for left, top, width, height in labels:
        for x, y in boxes:
            inside = left <= x and x + BOX_WIDTH <= left + width and top <= y and y + BOX_HEIGHT <= top + height
            outside = x + BOX_WIDTH <= left or left + width <= x or y + BOX_HEIGHT <= top or top + height <= y
            assert inside or outside
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in combinations(labels, 2):
        assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1


def test_identifiers_are_unique_and_connections_named(contents: dict[str, Any]) -> None:
    flow = contents["flowContents"]
    kinds = ("processors", "connections", "labels", "controllerServices")
    ids = [one["identifier"] for kind in kinds for one in flow[kind]]
    assert len(ids) == len(set(ids))
    assert all(one["name"] for one in flow["connections"])


def test_every_input_error_is_answered_with_400_and_no_model_error() -> None:
    flow = templates.definition("realtime-http", "java")["flowContents"]
    (explain,) = (one for one in flow["processors"] if one["name"] == "Choose status and detail")
    codes = set(re.search(r"in\(([^)]*)\):ifElse\('400'", explain["properties"]["http.status"])[1].split(", "))  # type: ignore[index]
    assert codes == {f"'{one.code}'" for one in [InputError, *InputError.__subclasses__()]}
    assert not codes & {f"'{one.code}'" for one in [ModelError, *ModelError.__subclasses__()]}


@pytest.mark.parametrize("name", ["rows.csv", "a b.json", "ROWS.PARQUET", "x.tmp.csv", "part", "tmp"])
def test_finished_names_are_taken(name: str) -> None:
    assert re.fullmatch(files.UNFINISHED, name)


@pytest.mark.parametrize("name", [".rows.csv", "rows.csv.part", "rows.TMP", "rows.csv~", "a.crdownload", ".nfs0001"])
def test_unfinished_names_are_left(name: str) -> None:
    assert not re.fullmatch(files.UNFINISHED, name)


def test_export_writes_the_shipped_file(tmp_path: Path) -> None:
    written = catalogue.export("realtime-http", tmp_path)
    assert written == tmp_path / "realtime-http-java.json"
    assert json.loads(written.read_text())["flowContents"]["name"] == "realtime-http"
    with pytest.raises(NotFoundError, match="batch-files, batch-database, stream-kafka, stream-activemq"):
        catalogue.export("nope", tmp_path)
    with pytest.raises(UsageError, match="java"):
        catalogue.export("realtime-http", tmp_path, "cobol")
    with pytest.raises(UsageError, match="cannot be written"):
        catalogue.export("realtime-http", tmp_path / "absent" / "x.json")


BATCH = {files.INPUT: "/a", files.OUTPUT: "/b", files.REJECTED: "/c", files.FAILED: "/d"}


@pytest.mark.parametrize(
    ("flow", "given", "says"),
    [
        ("realtime-http", {"http.prot": "1"}, "It has: http.host, http.port"),
        ("realtime-http", {"http.port": "http"}, "is a port, 1 to 65535"),
        ("realtime-http", {"http.port": "70000"}, "is a port, 1 to 65535"),
        ("realtime-http", {"http.host": " "}, "is empty"),
        ("realtime-http", {"model.file": "/m"}, "--model"),
        ("realtime-http", {"licence.key": "abc-secret"}, "DRIVERLESS_AI_LICENSE_KEY"),
        ("batch-database", {"database.password": "abc-secret"}, "DATABASE_PASSWORD"),
        ("batch-database", {"database.driver": "/absent.jar"}, "no file is at /absent.jar"),
        ("batch-files", {}, "input.directory, output.directory, rejected.directory, failed.directory"),
        ("batch-files", {**BATCH, "output.directory": "out"}, "whole path"),
        ("batch-files", {**BATCH, "output.directory": "/a/"}, "must differ"),
        ("batch-files", {**BATCH, "output.directory": "/b/../a"}, "must differ"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(flow: str, given: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)) as refused:
        checks.check_values(templates.template(flow), given, {})
    assert "abc-secret" not in str(refused.value)


DATABASE = {"database.url": "jdbc:postgresql://db/sales", "target.table": "scores", "rejected.table": "rejected_rows"}


def _supplied(values: Mapping[str, str]) -> Mapping[str, str]:
    template = templates.template("batch-database")
    template.validate(values)
    return of_template.supply(template, values, silent)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"database.url": "db:5432/sales"}, "begins with jdbc:"),
        ({"database.url": "jdbc:postgresql://db/sales?user=me&password=abc-secret"}, "DATABASE_PASSWORD"),
        ({"database.url": "jdbc:postgresql://me:abc-secret@db/sales"}, "DATABASE_PASSWORD"),
        ({"database.url": "jdbc:mysql://db/sales"}, "database.driver.class"),
        ({"target.table": "sales.scores"}, "database.schema"),
        ({"target.table": "rejected_rows"}, "must differ"),
        ({"key.column": "id,day"}, "is one column"),
    ],
)
def test_a_database_that_will_not_do_is_refused_without_telling_its_password(given: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)) as refused:
        _supplied({**DATABASE, **given})
    assert "abc-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"challenger.mode": "both"}, "shadow or answer, not 'both'"),
        ({"challenger.share": "100.1"}, "0 to 100, not '100.1'"),
        ({"challenger.share": "1e1"}, "0 to 100"),
        ({"agreement.tolerance": "-1"}, "0 or more"),
    ],
)
def test_a_share_that_makes_no_sense_is_refused(given: dict[str, str], says: str) -> None:
    right = {"challenger.mode": "answer", "challenger.share": "2.5", "agreement.tolerance": "0.05"}
    champion_challenger.validate(right)
    with pytest.raises(UsageError, match=re.escape(says)):
        champion_challenger.validate({**right, **given})


def test_a_driver_that_is_given_is_not_replaced() -> None:
    given = {**DATABASE, "database.url": "jdbc:mysql://db/sales", "database.driver": "/driver.jar"}
    assert _supplied(given) == {}


def test_parameters_of_an_earlier_deployment_count() -> None:
    checks.check_values(templates.template("batch-files"), {"minimum.age": "1 min"}, BATCH)
    with pytest.raises(UsageError, match="must differ"):
        checks.check_values(templates.template("batch-files"), {"failed.directory": "/a"}, BATCH)


@pytest.mark.parametrize("pair", ["http.port", "=1", ""])
def test_a_parameter_is_key_and_value(pair: str) -> None:
    with pytest.raises(UsageError, match="KEY=VALUE"):
        checks.parse([pair])


def test_a_value_may_hold_an_equals_sign_but_a_key_comes_once() -> None:
    assert checks.parse(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    with pytest.raises(UsageError, match="twice"):
        checks.parse(["a=1", "a=2"])


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "model.mojo"
    text.write_text("hello")
    with pytest.raises(ModelRefusedError, match="not a MOJO"):
        checks.check_model(text, "java")
    with pytest.raises(NotFoundError, match="no model file"):
        checks.check_model(tmp_path / "absent.mojo", "java")


def test_a_model_that_is_larger_than_nifi_takes_is_refused_at_once(tmp_path: Path) -> None:
    with (tmp_path / "large.mojo").open("wb") as file:
        file.truncate(checks.LARGEST_ASSET + 1)
    with pytest.raises(ModelRefusedError, match=r"has 1\.00 GB; NiFi takes files of up to 1 GB.*model\.file"):
        checks.check_model(tmp_path / "large.mojo", "java")


def test_asset_names_differ_by_contents_and_are_plain(tmp_path: Path) -> None:
    one, other = tmp_path / "größe 1.mojo", tmp_path / "other.mojo"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    assert assets.name_of(one) == "gr-e-1-6b86b273.mojo"
    assert assets.name_of(other) == "other-d4735e3a.mojo"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8081/score"),
        ("0.0.0.0", "http://127.0.0.1:8081/score"),
        ("::1", "http://[::1]:8081/score"),
    ],
)
def test_where_rows_are_posted(host: str, url: str) -> None:
    assert requests.endpoint({"http.host": host, "http.port": "8081"}) == url
