"""A function of Spark's SQL that scores with a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql.pandas.types import from_arrow_schema

from dai_routes.spark import jvm
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.tables import TableScorer
from dai_scoring.errors import UnsupportedError
from dai_scoring.models import Runtime, open_model
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.provision import model_store
from dai_scoring.scorer import RuntimeSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FUNCTION = "dai_score"


def register(
    session: SparkSession,
    model: str | Path,
    name: str = FUNCTION,
    *,
    settings: RuntimeSettings | None = None,
    missing_columns: MissingColumns | str = MissingColumns.FAIL,
    missing_values: tuple[str, ...] = (),
) -> None:
    """Make a MOJO known to Spark's SQL as the function ``name``, for this session.

    The function takes a struct with the values of the model's columns, found by name, and returns a struct with the
    predictions and the reason of a reject, as :func:`~dai_routes.spark.frames.score` adds them to rows. A query whose
    struct lacks columns of the model fails with its first row, unless ``missing_columns`` says otherwise.

    Rows are scored one by one: :func:`~dai_routes.spark.frames.score` is faster. Raises ModelError if the model cannot
    be loaded on the driver, and UnsupportedError if Spark's virtual machine cannot score with it.
    """
    settings = settings or RuntimeSettings()
    options = FileOptions(output_columns=OutputColumns.PREDICTIONS, bad_rows=BadRows.KEEP)
    file = model_store.local_file(model)
    with open_model(file, Runtime.AUTO, settings) as scorer:
        if reason := jvm.unable(session, scorer):
            raise UnsupportedError(f"Spark's virtual machine cannot score with {model}: {reason.reason}.")
        none = pa.table({column.name: pa.array([], column.type.arrow) for column in scorer.info.inputs})
        predictions = from_arrow_schema(TableScorer(scorer, options).score(none).rows.schema, prefer_timestamp_ntz=True)
        jvm.register(
            session, name, file, scorer, predictions, settings, MissingColumns(missing_columns), missing_values
        )
