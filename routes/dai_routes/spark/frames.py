"""Adds the scores of a model to a DataFrame."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from dai_routes.spark import jvm, shipping
from dai_routes.spark.prepared import Scoring, prepared
from dai_routes.spark.worker import Model, worker_function
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.results import REJECT_COLUMNS
from dai_scoring.batch.tables import TableScorer
from dai_scoring.errors import UnsupportedError
from dai_scoring.formats.declined import Declined
from dai_scoring.models import Runtime, open_model
from dai_scoring.options import BadRows, Contributions, MissingColumns, OutputColumns, Wanted
from dai_scoring.provision import model_store
from dai_scoring.scorer import RuntimeSettings, Scorer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["REJECT_COLUMNS", "score", "split"]

logger = logging.getLogger(__name__)
_ASKED = Declined("that was asked for")


def score(
    df: DataFrame,
    model: str | Path,
    *,
    runtime: Runtime | str = Runtime.AUTO,
    settings: RuntimeSettings | None = None,
    output_columns: OutputColumns | str = OutputColumns.ALL,
    id_columns: tuple[str, ...] = (),
    prediction_prefix: str = "",
    missing_columns: MissingColumns | str = MissingColumns.FAIL,
    missing_values: tuple[str, ...] = (),
    contributions: Contributions | str = Contributions.NONE,
    intervals: bool = False,
    ship: bool = True,
    in_jvm: bool | None = None,
) -> DataFrame:
    """The rows of ``df``, followed by the columns of the model and by :data:`REJECT_COLUMNS`.

    These last columns are null in rows that were scored. In a row that cannot be scored they say why, and the model's
    columns are null. ``df`` may be a streaming DataFrame. Spark scores the rows only when it runs the query.

    MOJOs on Java are scored inside Spark's virtual machine where that can be, all others in Python workers; both give
    the same result, and the log says which it is and why. ``in_jvm=False`` asks for Python workers, ``in_jvm=True``
    raises UnsupportedError where they would be needed.

    ``model`` is a file on the driver, or an address in an object store, from which the driver fetches it. Spark sends
    it to its workers. With ``ship=False`` every machine must have the model at this path, or fetch it itself. The other
    arguments are the options of the library, for all rows; their words, such as ``missing_columns="as-missing"``, will
    do.

    The model is loaded on the driver for the first of several frames with the same columns, and again if its file was
    replaced.

    Raises at once: MissingColumnsError, NameClashError or MissingIdColumnsError for the columns of ``df``, and
    ModelError if the model cannot be loaded on the driver.
    """
    options = FileOptions(
        output_columns=OutputColumns(output_columns),
        id_columns=tuple(id_columns),
        prediction_prefix=prediction_prefix,
        missing_columns=MissingColumns(missing_columns),
        missing_values=tuple(missing_values),
        bad_rows=BadRows.KEEP,
        wanted=Wanted(Contributions(contributions), intervals),
    )
    way = _Way(Runtime(runtime), settings or RuntimeSettings(), ship, in_jvm)
    file = model_store.local_file(model)
    scoring = prepared(df, file, (options, way, str(model)), lambda: _prepare(df, file, str(model), options, way))
    return _with_metadata(scoring(df), df)


@dataclass(frozen=True)
class _Way:
    """How and where to score, beside the options of the library."""

    runtime: Runtime
    settings: RuntimeSettings
    ship: bool
    in_jvm: bool | None


def _prepare(df: DataFrame, model: Path, place: str, options: FileOptions, way: _Way) -> Scoring:
    """What scores frames with the columns of ``df``; the model is loaded on the driver, and sent.

    ``place`` is the path or the address at which a worker finds a model that is not sent.
    """
    with open_model(model, way.runtime, way.settings) as scorer:
        schema, _ = TableScorer(scorer, options).check(to_arrow_schema(df.schema))
        reason = _ASKED if way.in_jvm is False else jvm.declined(df, scorer, options, way.ship)
        if reason is None:
            logger.info("Spark's virtual machine scores with %s.", model.name)
            predictions = from_arrow_schema(_predictions(schema, scorer), prefer_timestamp_ntz=True)
            return jvm.prepare(df, model, scorer, options, predictions, way.settings)
        if way.in_jvm:
            raise UnsupportedError(f"Spark's virtual machine cannot score this: {reason.reason}.")
        sha256 = scorer.info.sha256
    logger.info("Python workers score with %s: %s.", model.name, reason.reason)
    name = shipping.send_model(df.sparkSession, model, sha256) if way.ship else place
    worker = worker_function(Model(name, way.ship, sha256, way.runtime, way.settings), options, df.columns, schema)
    result = from_arrow_schema(schema, prefer_timestamp_ntz=True)
    if _has_one_case(df.columns):
        return lambda frame: frame.mapInArrow(worker, result)
    numbers = [f"_{number}" for number in range(len(df.columns))]
    return lambda frame: frame.toDF(*numbers).mapInArrow(worker, result)


def _has_one_case(names: Sequence[str]) -> bool:
    """Whether Spark can find each column by its name, without regard to case."""
    return len({name.lower() for name in names}) == len(names)


def _with_metadata(scored: DataFrame, df: DataFrame) -> DataFrame:
    """The scored rows, with the metadata of the columns that they had before, among which is a stream's watermark."""
    known = {field.name: field.metadata for field in df.schema.fields if field.metadata}
    if not _has_one_case(scored.columns) or not known.keys() & set(scored.columns):
        return scored
    names = [f"`{name.replace('`', '``')}`" for name in scored.columns]
    columns = [
        functions.col(quoted).alias(name, metadata=known[name]) if name in known else functions.col(quoted)
        for name, quoted in zip(scored.columns, names, strict=True)
    ]
    return scored.select(columns)


def _predictions(schema: pa.Schema, scorer: Scorer) -> pa.Schema:
    """The columns that follow those of the rows: predictions and reasons."""
    count = len(scorer.info.outputs) + len(REJECT_COLUMNS)
    return pa.schema([schema.field(index) for index in range(len(schema) - count, len(schema))])


def split(scored: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Split the result of :func:`score` into scored rows and rejected rows, which keep :data:`REJECT_COLUMNS`.

    Spark computes the two DataFrames separately: call ``scored.persist()`` before to score only once.
    """
    code = functions.col(REJECT_COLUMNS[0])
    return scored.filter(code.isNull()).drop(*REJECT_COLUMNS), scored.filter(code.isNotNull())
