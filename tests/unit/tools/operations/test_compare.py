"""What another model would change, found out from the models' columns and from scores of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from dai_nifi.operations.models.compare import OutputDifference, column_changes, compare
from dai_scoring.engine import Predicted
from dai_scoring.errors import MissingColumnsError
from dai_scoring.options import Wanted
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import Scorer
from tests.support.engines import Sum


class Labelled(Sum):
    """Says also whether the sum is large; with a higher bar, fewer are."""

    info = replace(Sum.info, outputs=(*Sum.info.outputs, Column("label", ColumnType.STR)))

    def __init__(self, more: float = 0.0, bar: float = 5.0) -> None:
        self._more, self._bar = more, bar

    def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
        total = super().predict(columns, rows, wanted).predictions.column("total")
        label = pc.if_else(pc.greater(total, self._bar), "large", "small")
        return Predicted(pa.table({"total": pc.add(total, self._more), "label": label}))


class Odds(Sum):
    """Two numbers, of which the greater says the class."""

    info = replace(Sum.info, outputs=(Column("t.yes", ColumnType.FLOAT32), Column("t.no", ColumnType.FLOAT32)))

    def __init__(self, no: float) -> None:
        self._no = no

    def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
        yes = super().predict(columns, rows, wanted).predictions.column("total").cast(pa.float32())
        return Predicted(pa.table({"t.yes": yes, "t.no": pa.array([self._no] * rows, pa.float32())}))


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.csv"
    file.write_text("x,s\n1,a\n2,a\nnone,a\nragged\n6,aa\n")
    return file


def test_differences_of_numbers_and_labels_over_the_rows_that_both_score(rows: Path) -> None:
    # The sums are 2, 3 and 8; one row is no number for both, one is no record at all.
    found = compare(Scorer(Labelled()), Scorer(Labelled(more=0.5, bar=2.5)), rows)
    assert (found.rows, found.compared, found.rejected_by_old, found.rejected_by_new) == (4, 3, 1, 1)
    assert found.outputs == [OutputDifference("total", 0.5, 0.5)]
    assert found.class_changed == 1


def test_the_class_is_the_likeliest_where_no_output_names_it(rows: Path) -> None:
    found = compare(Scorer(Odds(2.5)), Scorer(Odds(7.0)), rows)
    assert [(one.mean, one.greatest) for one in found.outputs] == [(0.0, 0.0), (4.5, 4.5)]
    assert found.class_changed == 1


def test_rows_that_one_model_alone_rejects_are_counted(rows: Path) -> None:
    class Texts(Sum):
        info = replace(Sum.info, inputs=(Column("x", ColumnType.STR), Column("s", ColumnType.STR)))

        def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
            return Predicted(pa.table({"total": pa.array(range(rows), pa.float64())}))

    found = compare(Scorer(Sum()), Scorer(Texts()), rows)
    assert (found.compared, found.rejected_by_old, found.rejected_by_new) == (3, 1, 0)
    # 2, 3 and 8 against 0, 1 and 3: the rejected row has a prediction of its own.
    assert found.outputs == [OutputDifference("total", 3.0, 5.0)]
    assert found.class_changed is None


def test_rows_without_a_column_are_not_compared(tmp_path: Path) -> None:
    class Other(Sum):
        info = replace(Sum.info, inputs=(Column("z", ColumnType.FLOAT64), Sum.info.inputs[1]))

    (tmp_path / "rows.csv").write_text("y,s\n1,a\n")
    with pytest.raises(MissingColumnsError, match=r"^the present model: 1 column.*: x\."):
        compare(Scorer(Sum()), Scorer(Other()), tmp_path / "rows.csv")
    (tmp_path / "rows.csv").write_text("x,s\n1,a\n")
    with pytest.raises(MissingColumnsError, match=r"^the new model: 1 column.*: z\."):
        compare(Scorer(Sum()), Scorer(Other()), tmp_path / "rows.csv")


def test_changes_of_columns_and_which_of_them_break() -> None:
    old = replace(
        Sum.info,
        inputs=(Column("a", ColumnType.STR), Column("b", ColumnType.INT32), Column("c", ColumnType.STR)),
        outputs=(Column("p", ColumnType.FLOAT32), Column("q", ColumnType.FLOAT32)),
    )
    new = replace(
        Sum.info,
        inputs=(Column("c", ColumnType.FLOAT64), Column("b", ColumnType.FLOAT32), Column("d", ColumnType.STR)),
        outputs=(Column("p", ColumnType.FLOAT64),),
    )
    assert [(one.kind, one.column, one.change, one.breaks) for one in column_changes(old, new)] == [
        ("input", "a", "removed", False),
        ("input", "b", "retyped", False),
        ("input", "c", "retyped", True),
        ("input", "d", "added", True),
        ("output", "p", "retyped", False),
        ("output", "q", "removed", True),
    ]
    assert column_changes(old, old) == []
