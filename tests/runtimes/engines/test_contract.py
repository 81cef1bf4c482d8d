"""What every runtime must do alike, tested with the same cases on each: a model of its own kind and real rows."""

from __future__ import annotations

import csv
import decimal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.engine import Capability
from dai_scoring.errors import MissingColumnsError, ModelError, UnsupportedError
from dai_scoring.formats import Format
from dai_scoring.model_file import sha256
from dai_scoring.models import Runtime, open_model
from dai_scoring.options import BadRows, Contributions, MissingColumns, Wanted
from dai_scoring.schema import Column
from dai_scoring.scorer import RuntimeSettings, Scorer

pytestmark = pytest.mark.runtime

ROWS = 344


@dataclass(frozen=True)
class Case:
    """A model on a runtime, and rows for it, every column as text; ``number`` is a column of numbers."""

    path: Path
    scorer: Scorer
    reopen: Callable[[], Scorer]
    rows: pa.Table
    number: str
    category: str


def _passengers() -> pa.Table:
    """Rows for the model of the Titanic, varied enough that a mix-up of rows or columns shows."""
    return pa.table(
        {
            "id": [str(i) for i in range(ROWS)],
            "pclass": [str(i % 3 + 1) for i in range(ROWS)],
            "sex": [("male", "female")[i % 2] for i in range(ROWS)],
            "age": [f"{i % 80}.5" for i in range(ROWS)],
            "ticket": [f"A{i % 7}" for i in range(ROWS)],
            "fare": [f"{7.25 + i * 1.25}" for i in range(ROWS)],
            "cabin": [f"C{i % 11}" for i in range(ROWS)],
        }
    )


def _penguins(samples: Path) -> pa.Table:
    source = samples / "penguins-rows.csv"
    names = pa_csv.read_csv(source).schema.names
    kinds = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    rows = pa_csv.read_csv(source, convert_options=kinds)
    return rows.filter(pc.not_equal(rows["bill_length_mm"], ""))


def _java(request: pytest.FixtureRequest) -> Case:
    path, settings = request.getfixturevalue("titanic"), request.getfixturevalue("settings")
    scorer = request.getfixturevalue("titanic_scorer")
    return Case(path, scorer, lambda: open_model(path, Runtime.JAVA, settings), _passengers(), "age", "sex")


def _cpp(request: pytest.FixtureRequest) -> Case:
    path, scorer = request.getfixturevalue("titanic"), request.getfixturevalue("titanic_cpp_scorer")
    return Case(path, scorer, lambda: open_model(path, Runtime.CPP, RuntimeSettings()), _passengers(), "age", "sex")


def _h2o3(request: pytest.FixtureRequest) -> Case:
    samples, settings = request.getfixturevalue("samples"), request.getfixturevalue("settings")
    path, scorer = samples / "penguins.mojo", request.getfixturevalue("penguins_scorer")
    return Case(
        path, scorer, lambda: open_model(path, settings=settings), _penguins(samples), "bill_length_mm", "species"
    )


def _python(request: pytest.FixtureRequest) -> Case:
    samples, own = request.getfixturevalue("samples"), request.getfixturevalue("pipeline_settings")
    path, scorer = request.getfixturevalue("pipeline"), request.getfixturevalue("pipeline_scorer")
    settings = RuntimeSettings(pipeline=own)
    return Case(
        path, scorer, lambda: open_model(path, settings=settings), _penguins(samples), "bill_length_mm", "species"
    )


CASES = {"java": _java, "cpp": _cpp, "h2o3": _h2o3, "python": _python}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param](request)


def _with(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)


def _column(case: Case, name: str) -> Column:
    return next(column for column in case.scorer.info.inputs if column.name == name)


def test_the_description(case: Case) -> None:
    info = case.scorer.info
    assert info.sha256 == sha256(case.path)
    assert info.id
    assert info.runtime
    assert info.runtime_version[0].isdigit()
    assert info.created is not None
    assert info.created.tzinfo is not None
    assert {case.number, case.category} <= {column.name for column in info.inputs}
    assert _column(case, case.number).type.is_number
    scored = case.scorer.score(case.rows)
    assert scored.predictions.schema == pa.schema([(column.name, column.type.arrow) for column in info.outputs])
    assert scored.predictions.num_rows == case.rows.num_rows
    assert len(set(scored.predictions.column(-1).to_pylist())) > 20


def test_columns_are_found_by_name_and_others_are_ignored(case: Case) -> None:
    expected = case.scorer.score(case.rows).predictions
    turned = case.rows.select(case.rows.schema.names[::-1]).append_column("another", pa.nulls(case.rows.num_rows))
    assert case.scorer.score(turned).predictions.equals(expected)


@pytest.mark.parametrize(
    "kind",
    [pa.float64(), pa.float32(), pa.decimal128(12, 4), pa.large_string(), pa.string_view(), pa.binary()],
    ids=str,
)
def test_a_number_of_any_type_scores_the_same(case: Case, kind: pa.DataType) -> None:
    expected = case.scorer.score(case.rows).predictions
    texts = case.rows[case.number].to_pylist()
    values: Any = texts
    if pa.types.is_decimal(kind):
        values = [decimal.Decimal(text) for text in texts]
    elif pa.types.is_floating(kind):
        values = [float(text) for text in texts]
    elif pa.types.is_binary(kind):
        values = [text.encode() for text in texts]
    scored = case.scorer.score(_with(case.rows, case.number, pa.array(values).cast(kind)))
    assert scored.rejects.num_rows == 0
    if kind == pa.float32():  # not the same numbers where the model takes more digits
        assert scored.predictions.num_rows == expected.num_rows
    else:
        assert scored.predictions.equals(expected)


def test_categories_of_any_type_score_the_same(case: Case) -> None:
    expected = case.scorer.score(case.rows).predictions
    texts = case.rows[case.category].combine_chunks()
    for values in (texts.dictionary_encode(), texts.cast(pa.large_string()), texts.cast(pa.binary())):
        assert case.scorer.score(_with(case.rows, case.category, values)).predictions.equals(expected)


def test_missing_values_of_every_form_are_the_same(case: Case) -> None:
    for name in (case.number, case.category):
        nulls = pa.nulls(case.rows.num_rows, pa.string())
        expected = case.scorer.score(_with(case.rows, name, nulls))
        assert expected.rejects.num_rows == 0
        for literal in ("", *_column(case, name).missing):
            texts = pa.array([literal] * case.rows.num_rows)
            assert case.scorer.score(_with(case.rows, name, texts)).predictions.equals(expected.predictions), literal


def test_a_row_without_any_value_is_scored(case: Case) -> None:
    row = pa.table({column.name: pa.nulls(1, pa.string()) for column in case.scorer.info.inputs})
    scored = case.scorer.score(row)
    assert (scored.predictions.num_rows, scored.rejects.num_rows) == (1, 0)


def test_bad_values_reject_their_rows_only(case: Case) -> None:
    expected = case.scorer.score(case.rows).predictions
    texts = case.rows[case.number].to_pylist()
    texts[3], texts[200] = "oops", "12,5"
    scored = case.scorer.score(_with(case.rows, case.number, pa.array(texts)))
    assert scored.rejects.to_pylist() == [
        {"row": 3, "code": "not_a_number", "column": case.number, "value": "oops"},
        {"row": 200, "code": "not_a_number", "column": case.number, "value": "12,5"},
    ]
    keep = [i for i in range(case.rows.num_rows) if i not in (3, 200)]
    assert scored.predictions.equals(expected.take(keep))


def test_bad_rows_are_kept_in_their_place(case: Case, tmp_path: Path) -> None:
    rows = case.rows.slice(0, 40)
    texts = rows[case.number].to_pylist()
    texts[3] = texts[39] = "oops"
    pa_csv.write_csv(_with(rows, case.number, pa.array(texts)), tmp_path / "in.csv")
    can = case.scorer.capabilities
    contributions = Contributions.ORIGINAL if Capability.CONTRIBUTION_ORIGINAL in can else Contributions.NONE
    wanted = Wanted(contributions, intervals=Capability.PREDICTION_INTERVAL in can)
    options = FileOptions(bad_rows=BadRows.KEEP, output_format=Format.PARQUET, wanted=wanted)
    files = [tmp_path / name for name in ("in.csv", "out", "rejected")]
    summary = score_file(case.scorer, *files, options)
    assert (summary.records, summary.scored, summary.rejected, files[2].exists()) == (40, 38, 2, False)
    found = pq.read_table(files[1])
    assert [number for number, code in enumerate(found["_reject_code"].to_pylist()) if code] == [3, 39]
    outputs = case.scorer.score(rows, wanted=wanted).outputs
    good = pa.array([number for number in range(40) if number not in (3, 39)])
    for name in outputs.schema.names:
        assert found[name].take(good).to_pylist() == outputs[name].take(good).to_pylist()
        assert found[name].take(pa.array([3, 39])).null_count == 2
    # As text beside lines that pass through, in another order of steps.
    score_file(case.scorer, *files, replace(options, output_format=None))
    with files[1].open(newline="") as file:
        lines = list(csv.DictReader(file))
    for name in ("_reject_column", *outputs.schema.names):
        assert [bool(line[name]) for line in lines] == [value is not None for value in found[name].to_pylist()]


def test_a_nested_value_rejects_its_row(case: Case) -> None:
    row = case.rows.slice(0, 1)
    for values in (pa.array([[1.0]]), pa.array([{"a": 1.0}])):
        scored = case.scorer.score(_with(row, case.number, values))
        assert [(one["code"], one["column"]) for one in scored.rejects.to_pylist()] == [("nested", case.number)]
        assert scored.predictions.num_rows == 0


def test_a_level_never_seen_is_the_models_business(case: Case) -> None:
    rows = _with(case.rows, case.category, pa.array(['never seen, "quoted", é, 漢'] * case.rows.num_rows))
    assert case.scorer.score(rows).rejects.num_rows == 0


def test_rows_keep_their_order_wherever_they_stand(case: Case) -> None:
    expected = case.scorer.score(case.rows).predictions
    turned = list(range(case.rows.num_rows))[::-1]
    assert case.scorer.score(case.rows.take(turned)).predictions.equals(expected.take(turned))
    chunks = pa.concat_tables([case.rows.slice(0, 5), case.rows.slice(5, 0), case.rows.slice(5, 100)])
    assert case.scorer.score(chunks).predictions.equals(expected.slice(0, 105))
    assert case.scorer.score(case.rows.slice(77, 3)).predictions.equals(expected.slice(77, 3))


def test_many_rows(case: Case) -> None:
    expected = case.scorer.score(case.rows).predictions
    times = 60_000 // case.rows.num_rows
    scored = case.scorer.score(pa.concat_tables([case.rows] * times))
    assert scored.predictions.equals(pa.concat_tables([expected] * times))


def test_no_rows(case: Case) -> None:
    scored = case.scorer.score(case.rows.slice(0, 0))
    assert scored.predictions.schema == case.scorer.score(case.rows.slice(0, 1)).predictions.schema
    assert (scored.predictions.num_rows, scored.rejects.num_rows) == (0, 0)


def test_columns_that_are_not_there(case: Case) -> None:
    fewer = case.rows.drop_columns([case.number, case.category])
    with pytest.raises(MissingColumnsError) as caught:
        case.scorer.score(fewer)
    assert set(caught.value.missing) == {case.number, case.category}
    nulls = pa.nulls(case.rows.num_rows, pa.string())
    expected = case.scorer.score(_with(_with(case.rows, case.number, nulls), case.category, nulls)).predictions
    assert case.scorer.score(fewer, MissingColumns.AS_MISSING).predictions.equals(expected)


def test_threads_do_not_disturb_one_another(case: Case) -> None:
    expected = case.scorer.score(case.rows).predictions
    parts = [(start % 300, 1 + start * 7 % 40) for start in range(64)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda part: case.scorer.score(case.rows.slice(*part)).predictions, parts))
    for part, predictions in zip(parts, found, strict=True):
        assert predictions.equals(expected.slice(*part))


def test_what_the_model_can_is_what_it_gives(case: Case) -> None:
    kinds = {
        Capability.CONTRIBUTION_ORIGINAL: Wanted(Contributions.ORIGINAL),
        Capability.CONTRIBUTION_TRANSFORMED: Wanted(Contributions.TRANSFORMED),
        Capability.PREDICTION_INTERVAL: Wanted(intervals=True),
    }
    assert Capability.SCORE in case.scorer.capabilities
    plain = case.scorer.score(case.rows).predictions
    for capability, wanted in kinds.items():
        if capability not in case.scorer.capabilities:
            with pytest.raises(UnsupportedError, match="Set contributions and intervals to what it can do"):
                case.scorer.score(case.rows, wanted=wanted)
            continue
        scored = case.scorer.score(case.rows, wanted=wanted)
        assert scored.predictions.equals(plain)
        further = scored.intervals if wanted.intervals else scored.contributions
        assert further is not None
        assert further.num_rows == case.rows.num_rows
        assert all(column.null_count == 0 for column in further.columns)
        assert scored.outputs.schema.names == [*plain.schema.names, *further.schema.names]


def test_closing_waits_for_those_who_score(case: Case) -> None:
    scorer = case.reopen()
    outcome: list[Any] = []
    started = threading.Event()

    def score() -> None:
        table = pa.concat_tables([case.rows] * 20)
        started.set()
        try:
            outcome.append(scorer.score(table).predictions.num_rows)
        except ModelError as error:
            outcome.append(error)

    thread = threading.Thread(target=score)
    thread.start()
    started.wait()
    scorer.close()
    thread.join()
    scorer.close()
    # Whoever came before the end got scores, whoever came after it the reason why not.
    assert outcome == [case.rows.num_rows * 20] or "was closed" in str(outcome[0])
    with pytest.raises(ModelError, match="was closed"):
        scorer.score(case.rows)
