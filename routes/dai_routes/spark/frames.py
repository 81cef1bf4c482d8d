"""Adds the scores of a model to a DataFrame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from dai_routes.spark.worker import Model, scoring
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.batch.tables import TableScorer
from dai_scoring.models import Runtime, open_model
from dai_scoring.options import BadRows, Contributions, MissingColumns, OutputColumns, Wanted
from dai_scoring.scorer import RuntimeSettings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["REJECT_COLUMNS", "score", "split"]


def score(
    df: DataFrame,
    model: str | Path,
    *,
    runtime: Runtime | str = Runtime.AUTO,
    settings: RuntimeSettings | None = None,
    output_columns: OutputColumns = OutputColumns.ALL,
    id_columns: tuple[str, ...] = (),
    prediction_prefix: str = "",
    missing_columns: MissingColumns = MissingColumns.FAIL,
    missing_values: tuple[str, ...] = (),
    contributions: Contributions = Contributions.NONE,
    intervals: bool = False,
    ship: bool = True,
) -> DataFrame:
    """The rows of ``df``, followed by the columns of the model and by :data:`REJECT_COLUMNS`.

    These last columns are null in rows that were scored. In a row that cannot be scored they say why, and the model's
    columns are null. ``df`` may be a streaming DataFrame. Spark scores the rows only when it runs the query.

    ``model`` is a file on the driver, which Spark sends to its workers. With ``ship=False`` every machine must have the
    model at this path. The other arguments are the options of the library, for all rows.

    Raises at once: MissingColumnsError, NameClashError or MissingIdColumnsError for the columns of ``df``, and
    ModelError if the model cannot be loaded on the driver.
    """
    options = FileOptions(
        output_columns=output_columns,
        id_columns=tuple(id_columns),
        prediction_prefix=prediction_prefix,
        missing_columns=missing_columns,
        missing_values=tuple(missing_values),
        bad_rows=BadRows.KEEP,
        wanted=Wanted(contributions, intervals),
    )
    with open_model(model, runtime, settings) as scorer:
        schema, _ = TableScorer(scorer, options).check(to_arrow_schema(df.schema))
        sha256 = scorer.info.sha256
    name = _shipped(df.sparkSession, Path(model)) if ship else str(model)
    shipped = Model(name, ship, sha256, Runtime(runtime), settings or RuntimeSettings())
    return df.mapInArrow(scoring(shipped, options, schema), from_arrow_schema(schema))


def split(scored: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Split the result of :func:`score` into scored rows and rejected rows, which keep :data:`REJECT_COLUMNS`.

    Spark computes the two DataFrames separately: call ``scored.persist()`` before to score only once.
    """
    code = functions.col(REJECT_COLUMNS[0])
    return scored.filter(code.isNull()).drop(*REJECT_COLUMNS), scored.filter(code.isNotNull())


def _shipped(session: SparkSession, model: Path) -> str:
    """Send a model to the workers; returns the name of its file there."""
    if _is_remote(session):
        session.addArtifact(str(model.resolve()), file=True)
    else:
        session.sparkContext.addFile(str(model.resolve()))
    return model.name


def _is_remote(session: Any) -> bool:
    return type(session).__module__.startswith("pyspark.sql.connect")
