"""Java's row scorer gives the predictions and the rejects of the library, in frames of any size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from dai_scoring.models import open_model
from dai_scoring.options import MissingColumns
from dai_scoring.runtimes.java import java_arrays, jvm
from dai_scoring.scorer import Scorer
from tests.support.models.titanic import golden, passengers
from tests.support.shared_cases import shared_case
from tests.support.value_cases.java_judge import java_value

pytestmark = pytest.mark.runtime

Row = tuple[Any, ...]


def by_java(scorer: Scorer, path: Path, table: pa.Table, frame: int, missing: tuple[str, ...] = ()) -> list[Row]:
    """The rows that Java makes: predictions and the reason of a reject."""
    import jpype

    settings = jvm.java_class("java.util.HashMap")()
    file = jvm.java_class("java.io.File")(str(path))
    rows = jvm.java_class("daiscoring.rows.RowScorer")(
        file, json.dumps(scorer.for_java()), java_arrays.strings(missing), settings
    )
    absent = pa.nulls(table.num_rows).to_pylist()
    columns = [
        table.column(one.name).to_pylist() if one.name in table.schema.names else absent for one in scorer.info.inputs
    ]
    given = [[java_value(value) for value in row] for row in zip(*columns, strict=True)]
    found: list[Row] = []
    for start in range(0, len(given), frame):
        values = jpype.JArray(jpype.JObject, 2)(given[start : start + frame])
        found += [tuple(_python(value) for value in row) for row in rows.apply(values)]
    return found


def _python(value: Any) -> Any:
    import jpype

    if isinstance(value, jpype.java.lang.Float | jpype.java.lang.Double):
        return float(value)
    return None if value is None else str(value)


def by_library(scorer: Scorer, table: pa.Table, missing: tuple[str, ...] = ()) -> list[Row]:
    scored = scorer.with_missing(missing).score(table, MissingColumns.AS_MISSING)
    rejects = {row["row"]: (row["code"], row["column"], row["value"]) for row in scored.rejects.to_pylist()}
    predictions = iter(zip(*(column.to_pylist() for column in scored.predictions.columns), strict=True))
    nothing = (None,) * len(scorer.info.outputs)
    return [
        (*nothing, *rejects[row]) if row in rejects else (*next(predictions), None, None, None)
        for row in range(table.num_rows)
    ]


def texts(path: Path) -> pa.Table:
    """A CSV file with all of its values as text."""
    names = csv.open_csv(path).schema.names
    convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    return csv.read_csv(path, convert_options=convert)


def alike(found: list[Row], expected: list[Row]) -> bool:
    # The same to the last digit, and NaN like NaN.
    return repr(found) == repr(expected)


@pytest.mark.parametrize("frame", [1, 7, 1000])
def test_rows_of_a_driverless_ai_mojo(titanic: Path, titanic_scorer: Scorer, frame: int) -> None:
    rows = passengers(200)
    assert alike(by_java(titanic_scorer, titanic, rows, frame), by_library(titanic_scorer, rows))


def test_rejected_rows_of_a_driverless_ai_mojo(titanic: Path, titanic_scorer: Scorer) -> None:
    bad = [golden(age="old"), golden(fare="1,5"), golden(), golden(pclass="x" * 300), golden(age="NULL")]
    table = pa.concat_tables(bad)
    expected = by_library(titanic_scorer, table, ("NULL",))
    assert [row[-3] for row in expected].count(None) >= 2
    assert alike(by_java(titanic_scorer, titanic, table, 1000, ("NULL",)), expected)
    numbers = table.set_column(2, "age", pa.array([1e300, 0.1, float("nan"), 22.0, None]))
    assert alike(by_java(titanic_scorer, titanic, numbers, 2), by_library(titanic_scorer, numbers))


@pytest.mark.parametrize("frame", [1, 1000])
def test_rows_of_an_h2o3_mojo(samples: Path, penguins_scorer: Scorer, frame: int) -> None:
    model = samples / "penguins.mojo"
    table = texts(samples / "penguins-rows.csv")
    assert alike(by_java(penguins_scorer, model, table, frame), by_library(penguins_scorer, table))
    typed = csv.read_csv(samples / "penguins-rows.csv")
    assert alike(by_java(penguins_scorer, model, typed, frame), by_library(penguins_scorer, typed))


_CASES = [
    ("booleans/gbm_bool.zip", "booleans/bool.parquet"),
    ("booleans/gbm_bool.zip", "booleans/data.csv"),
    ("booleans/gbm_bool.zip", "levels/code1.0.csv"),
    ("booleans/gbm_bool.zip", "levels/leading.csv"),
    ("coxph/strat.zip", "coxph/in.csv"),
    ("coxph/inter.zip", "coxph/in.csv"),
    ("deep-learning-offset/model.zip", "deep-learning-offset/in.csv"),
    ("empty-level/gbm_uuid.zip", "empty-level/e.csv"),
    ("glm-skip/model.zip", "glm-skip/in.csv"),
    ("offset-missing/gbm.zip", "offset-missing/in.csv"),
    ("offset-missing/glm.zip", "offset-missing/in.csv"),
    ("times/model.zip", "times/in.csv"),
]


@pytest.mark.parametrize(("model", "rows"), _CASES)
def test_rows_of_models_that_failed_once(model: str, rows: str) -> None:
    path, data = shared_case(model), shared_case(rows)
    table = pq.read_table(data) if data.suffix == ".parquet" else texts(data)
    table = table.slice(0, 150)
    with open_model(path) as scorer:
        expected = by_library(scorer, table)
        assert alike(by_java(scorer, path, table, 40), expected)


def test_a_model_that_encodes_its_columns() -> None:
    path = Path(__file__).parent / "one_hot.mojo"
    with open_model(path) as scorer:
        known = {one.name: one.levels.array.to_pylist()[:2] if one.levels else ["1", "2"] for one in scorer.info.inputs}
        table = pa.table({name: [*values, "unseen", " ", "NA", None] for name, values in known.items()})
        expected = by_library(scorer, table)
        assert len(set(expected)) > 1
        assert alike(by_java(scorer, path, table, 3), expected)


@pytest.mark.parametrize("key", [None, "nonsense"])
def test_a_missing_licence_is_said(titanic_scorer: Scorer, needs_licence: Path, key: str | None) -> None:
    settings = jvm.java_class("java.util.HashMap")()
    if key is not None:
        settings.put("licence_key", key)
    file = jvm.java_class("java.io.File")(str(needs_licence))
    empty = json.dumps({"kind": "dai", "columns": [], "outputs": []})
    with pytest.raises(jvm.java_exception(), match="needs a Driverless AI licence"):
        jvm.java_class("daiscoring.rows.RowScorer")(file, empty, java_arrays.strings([]), settings)
