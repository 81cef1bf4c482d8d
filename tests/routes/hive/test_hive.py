"""The function dai_score in a real HiveServer2: its numbers are the library's, to the last digit."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv

from dai_routes import bundle
from dai_routes.hive import sql
from dai_scoring.options import MissingColumns
from dai_scoring.scorer import RuntimeSettings, Scorer
from tests.support.hive.server import Hive
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE, passengers

pytestmark = pytest.mark.runtime

# Else Hive scores a simple query in the server, without a task of Tez.
IN_TASKS = "SET hive.fetch.task.conversion=none"


def table(name: str, columns: dict[str, str], rows: pa.Table, folder: Path) -> list[str]:
    """Statements that make a table of text out of rows, with their numbers as its first column."""
    place = folder / name
    place.mkdir()
    cells = [["" if cell is None else str(cell) for cell in column.to_pylist()] for column in rows.columns]
    lines = ["\x01".join([str(number), *row]) for number, row in enumerate(zip(*cells, strict=True))]
    (place / "rows").write_text("\n".join(lines) + "\n")
    fields = ", ".join(f"`{column}` {kind}" for column, kind in {"id": "int", **columns}.items())
    return [f"CREATE EXTERNAL TABLE {name} ({fields}) LOCATION 'file://{place}'"]


def setup(*jars: Path) -> list[str]:
    return [*(f"ADD JAR {jar}" for jar in jars), f"CREATE TEMPORARY FUNCTION dai_score AS '{sql.CLASS}'"]


def struct(columns: Sequence[str], alias: str = "t") -> str:
    return f"named_struct({', '.join(f'{column!r}, {alias}.`{column}`' for column in columns)})"


def expected(scorer: Scorer, rows: pa.Table) -> list[list[Any]]:
    """What the library makes of the rows: predictions, then the reason of a reject."""
    scored = scorer.score(rows, MissingColumns.AS_MISSING)
    rejects = {row["row"]: [row["code"], row["column"], row["value"]] for row in scored.rejects.to_pylist()}
    predictions = iter(zip(*(column.to_pylist() for column in scored.predictions.columns), strict=True))
    nothing = [None] * len(scorer.info.outputs)
    return [
        [*nothing, *rejects[row]] if row in rejects else [*next(predictions), None, None, None]
        for row in range(rows.num_rows)
    ]


def scored(hive: Hive, before: list[str], query: str) -> list[list[Any]]:
    """The rows of a query in their order, without their numbers."""
    results = hive.run([*before, query])[0]
    assert [one for one in results if isinstance(one, str)] == []
    return [row[1:] for row in sorted(results[-1], key=lambda row: row[0])]


@pytest.fixture(scope="module")
def penguins(samples: Path) -> pa.Table:
    """The rows of the sample as text, some of which cannot be scored."""
    names = csv.open_csv(samples / "penguins-rows.csv").schema.names
    convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    rows = csv.read_csv(samples / "penguins-rows.csv", convert_options=convert)
    mass = rows.column("body_mass_g").to_pylist()
    mass[7], mass[8] = "heavy", ""
    return rows.set_column(rows.schema.get_field_index("body_mass_g"), "body_mass_g", pa.array(mass))


def test_rows_of_text_have_the_scores_and_rejects_of_the_library(
    hive: Hive, penguins_jar: Path, penguins_scorer: Scorer, penguins: pa.Table, tmp_path: Path
) -> None:
    made = table("penguins_text", dict.fromkeys(penguins.schema.names, "string"), penguins, tmp_path)
    columns = [column.name for column in penguins_scorer.info.inputs]
    query = sql.query("penguins", columns, "penguins_text").rstrip("\n;").replace("t.*", "t.id")
    right = expected(penguins_scorer, penguins)
    assert [row[-3] for row in right].count("not_a_number") == 1
    assert scored(hive, [IN_TASKS, *setup(penguins_jar), *made], query) == right


def test_typed_rows_have_the_scores_of_the_library(
    hive: Hive, titanic_jar: Path, titanic_scorer: Scorer, tmp_path: Path
) -> None:
    rows = passengers(500)
    kinds = {"pclass": "bigint", "sex": "string", "age": "double", "ticket": "string", "fare": "double"}
    made = table("passengers", {**kinds, "cabin": "varchar(9)"}, rows, tmp_path)
    call = f"dai_score('titanic', {struct(rows.schema.names)})"
    query = f"SELECT t.id, s.* FROM passengers t LATERAL VIEW inline(array({call})) s"
    assert scored(hive, [IN_TASKS, *setup(titanic_jar), *made], query) == expected(titanic_scorer, rows)


def test_other_types_and_another_case(hive: Hive, titanic_jar: Path, titanic_scorer: Scorer) -> None:
    columns = (
        "'SEX', 'male', 'Age', cast('22' as decimal(9,3)), 'TICKET', cast('A1' as char(9)), "
        "'cabin', cast('C1' as binary), 'fare', cast(7.25 as float), 'pclass', cast(3 as tinyint)"
    )
    call = f"dai_score('titanic', named_struct({columns}))"
    query = f"SELECT 0, `survived_0`, `survived_1` FROM (SELECT inline(array({call}))) s"
    (found,) = scored(hive, setup(titanic_jar), query)
    assert found == pytest.approx(GOLDEN_SCORE, abs=0)


def test_nested_values_and_times_are_rejected(hive: Hive, titanic_jar: Path) -> None:
    rest = "'sex', 'm', 'ticket', '', 'fare', 1, 'cabin', NULL, 'pclass', 1"
    calls = [
        f"dai_score('titanic', named_struct('age', {value}, {rest}))"
        for value in ("array(1, 2)", "timestamp '2020-02-03 04:05:06.5'", "date '2020-02-03'", "'old'")
    ]
    fields = ", ".join(f"{call}.reject_code, {call}.reject_value" for call in calls)
    ((*found,),) = scored(hive, setup(titanic_jar), f"SELECT 0, {fields}")
    assert found[0::2] == ["nested", "wrong_type", "wrong_type", "not_a_number"]
    assert found[1::2] == ["[1,2]", "2020-02-03T04:05:06.500000000", "2020-02-03", "old"]


def test_sessions_at_once_score_in_tasks(
    hive: Hive, titanic_jar: Path, penguins_jar: Path, titanic_scorer: Scorer, tmp_path: Path
) -> None:
    rows = passengers(20)
    (made,) = table("few_passengers", dict.fromkeys(rows.schema.names, "string"), rows, tmp_path)
    call = f"dai_score('titanic', {struct(rows.schema.names)}).survived_0"
    session = [IN_TASKS, *setup(titanic_jar, penguins_jar), f"SELECT id, {call} FROM few_passengers t"]
    right = [[number, row[0]] for number, row in enumerate(expected(titanic_scorer, rows))]
    assert [sorted(results[-1]) for results in hive.run([made, *session])] == [right]
    assert [sorted(results[-1]) for results in hive.run(session, session)] == [right, right]


def test_two_models_of_one_session_and_a_model_by_its_path(hive: Hive, titanic_jar: Path, penguins_jar: Path) -> None:
    titanic = ", ".join(f"'{name}', '{value}'" for name, value in GOLDEN_ROW.items())
    penguin = "named_struct('species', 'Adelie')"
    lenient = "map('missing_columns', 'as-missing')"
    queries = [
        f"SELECT dai_score('titanic', named_struct({titanic})).`survived_0`",
        f"SELECT dai_score('penguins', {penguin}, {lenient}).predict",
        f"SELECT dai_score('{penguins_jar}', {penguin}, {lenient}).predict",
        f"SELECT dai_score('file://{penguins_jar}#penguins', {penguin}, {lenient}).predict",
    ]
    first, *others = hive.run([*setup(titanic_jar, penguins_jar), *queries])[0][-4:]
    assert first == [[GOLDEN_SCORE[0]]]
    assert others[0] in ([["male"]], [["female"]])
    assert others == [others[0]] * 3


def test_two_models_of_one_name_are_refused(
    hive: Hive, penguins_jar: Path, titanic: Path, settings: RuntimeSettings, tmp_path: Path
) -> None:
    other = tmp_path / "other.jar"
    bundle.write(other, {"penguins": titanic}, settings)
    arguments = "named_struct('age', 1), map('missing_columns', 'as-missing')"
    queries = [f"SELECT dai_score('{model}', {arguments})" for model in ("penguins", other)]
    both, one = hive.run([*setup(penguins_jar, other), *queries])[0][-2:]
    assert "the jars that were added have different models of that name: [" in both
    assert all(str(jar) in both for jar in (penguins_jar, other))
    assert "survived_0" in str(one)


_WRONG = [
    ("'penguins', named_struct('species', 'a')", "6 column(s) of the model are missing from the struct: island, "),
    ("'nothing', named_struct('species', 'a')", "there is no model of that name in the jars that were added"),
    ("'/nowhere/model.jar', named_struct('species', 'a')", "cannot read the jar of the model /nowhere/model.jar"),
    ("'penguins', 'species'", "must be named_struct"),
    ("'penguins'", "takes the name or path of a model"),
    ("concat('p', uuid()), named_struct('species', 'a')", "must be a constant text"),
    ("'penguins', named_struct('species', 'a'), map('other', 'x')", "has no option other; there are: missing_columns"),
    ("'penguins', named_struct('species', 'a'), map('missing_columns', 'x')", "missing_columns must be fail or"),
    ("'penguins', named_struct('species', 'a', 'SPECIES', 'b')", "two columns species"),
]


def test_wrong_calls_fail_when_the_query_is_compiled(hive: Hive, penguins_jar: Path) -> None:
    queries = [f"EXPLAIN SELECT dai_score({arguments})" for arguments, _ in _WRONG]
    results = hive.run([*setup(penguins_jar), *queries])[0][-len(_WRONG) :]
    for result, (_, said) in zip(results, _WRONG, strict=True):
        assert said in result


def test_a_model_without_its_licence_is_refused(
    hive: Hive, titanic_jar: Path, needs_licence: Path, tmp_path: Path
) -> None:
    jar = tmp_path / "unlicensed.jar"
    with zipfile.ZipFile(titanic_jar) as source, zipfile.ZipFile(jar, "w") as made:
        for name in source.namelist():
            # Another description too: a model that was loaded is known by it.
            content = source.read(name) + b"\n" * name.endswith(".json")
            made.writestr(name, needs_licence.read_bytes() if name.endswith("model.mojo") else content)
    fields = ", ".join(f"'{name}', '{value}'" for name, value in GOLDEN_ROW.items())
    setting = "SET dai.score.licence.key=nonsense-of-a-key"
    query = f"SELECT dai_score('{jar}', named_struct({fields}))"
    before, _, after = hive.run([*setup(titanic_jar), query, setting, query])[0][-3:]
    for said in (before, after):
        assert "needs a Driverless AI licence" in said
        assert "Set dai.score.licence.file" in said
    assert "nonsense-of-a-key" not in hive.log.read_text()


def test_the_function_describes_itself(hive: Hive, penguins_jar: Path) -> None:
    lines = hive.run([*setup(penguins_jar), "DESCRIBE FUNCTION EXTENDED dai_score"])[0][-1]
    text = "\n".join(line for (line,) in lines)
    assert "LATERAL VIEW inline(array(dai_score('penguins', named_struct(" in text


def test_transform_scores_with_the_librarys_command(
    hive: Hive, penguins_scorer: Scorer, penguins: pa.Table, samples: Path, tmp_path: Path
) -> None:
    made = table("penguins_piped", dict.fromkeys(penguins.schema.names, "string"), penguins, tmp_path)
    columns = [column.name for column in penguins_scorer.info.inputs]
    script = tmp_path / "score.sh"
    json_lines = "--input-format json-lines --output-format json-lines --output-columns ids --id-columns id"
    command = (
        f"{sys.executable} -m dai_scoring.cli file -m {samples / 'penguins.mojo'} {json_lines} --bad-rows keep - -"
    )
    script.write_text("#!/bin/sh\nsed -e 's/^{\"_col0\"://' -e 's/}$//' | " + command + "\n")
    script.chmod(0o755)
    given = ", ".join(f"'{column}', `{column}`" for column in columns)
    as_json = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.JsonSerDe'"
    query = (
        "SELECT cast(j.id AS int), predict, cast(female AS double), cast(male AS double), code, column_, value_ FROM ("
        f"SELECT TRANSFORM(map('id', cast(id AS string), {given})) {as_json} USING '{script}' AS (line string) "
        "FROM penguins_piped) x LATERAL VIEW json_tuple(line, 'id', 'predict', 'female', 'male', '_reject_code', "
        "'_reject_column', '_reject_value') j AS id, predict, female, male, code, column_, value_"
    )
    assert scored(hive, [IN_TASKS, *made], query) == expected(penguins_scorer, penguins)


def test_the_command_makes_a_jar_and_says_what_to_type(hive: Hive, samples: Path, tmp_path: Path) -> None:
    words = ["hive", "jar", f"birds={samples / 'penguins.mojo'}", "-o", str(tmp_path), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "dai_scoring.cli", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    statements = [one.strip() for one in document["setup"].split(";") if one.strip()]
    columns = [column.partition("`")[0] for column in document["queries"]["birds"].split("t.`")[1:]]
    assert len(columns) == 7
    rows = "CREATE TEMPORARY TABLE your_table AS SELECT 'Adelie' species, 'Biscoe' island, '' bill_length_mm, "
    rows += "'18' bill_depth_mm, '181' flipper_length_mm, '3750' body_mass_g, '2007-11-11' date_egg"
    query = document["queries"]["birds"].rstrip("\n;")
    result = hive.run([*statements, rows, query])[0][-1]
    assert len(result) == 1
    assert result[0][7] in ("male", "female")
