"""Scores inside Spark's own virtual machine: the way of rows to Python workers and back takes half of the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import types

from dai_routes import bundle
from dai_routes.spark import shipping
from dai_scoring.batch import results
from dai_scoring.batch.options import FileOptions
from dai_scoring.formats.declined import Declined
from dai_scoring.options import Contributions, MissingColumns
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import RuntimeSettings, Scorer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SCORING = "daiscoring.spark.Scoring"
_OLDEST_JAVA = 11
_TIMES = (types.DateType, types.TimestampType, types.TimestampNTZType)
_VALUES = (
    *(types.StringType, types.CharType, types.VarcharType, types.BinaryType, types.BooleanType, types.DecimalType),
    *(types.ByteType, types.ShortType, types.IntegerType, types.LongType, types.FloatType, types.DoubleType),
    *(types.NullType, *_TIMES),
)

_entries: dict[tuple[str, Path], Any] = {}


def unable(session: Any, scorer: Scorer) -> Declined | None:
    """Why the virtual machine of a session cannot score with a model; None if it can."""
    if shipping.is_remote(session):
        return Declined("the session is one of Spark Connect")
    if scorer.for_java() is None:
        return Declined("the model's runtime is not one of Java")
    if (version := _java_version(session)) < _OLDEST_JAVA:
        return Declined(f"Spark runs on Java {version}, and the model's runtime needs {_OLDEST_JAVA}")
    return None


def declined(df: DataFrame, scorer: Scorer, options: FileOptions, ship: bool) -> Declined | None:
    """Why Python workers have to score rows; None if Spark's virtual machine can."""
    if reason := unable(df.sparkSession, scorer):
        return reason
    if options.wanted.contributions is not Contributions.NONE or options.wanted.intervals:
        return Declined("contributions and intervals are computed in Python workers only")
    if not ship:
        return Declined("the model is on every machine, and not sent by Spark")
    fields = {field.name: field.dataType for field in df.schema.fields}
    for column in scorer.info.inputs:
        if column.name in fields and (reason := _unread(column, fields[column.name])):
            return reason
    if any(_is_foreign(kind) for kind in fields.values()):
        return Declined("a column has a type that only Spark's own code reads")
    return None


def _unread(column: Column, kind: types.DataType) -> Declined | None:
    if not isinstance(kind, _VALUES):
        return Declined(f"the column {column.name} has the type {kind.simpleString()}")
    if isinstance(kind, _TIMES) and column.type is not ColumnType.TIME64:
        return Declined(f"the column {column.name} has times, and is no time in the model")
    return None


def _is_foreign(kind: types.DataType) -> bool:
    """Whether values of a type may not come out as they came in."""
    if isinstance(kind, types.ArrayType):
        return _is_foreign(kind.elementType)
    if isinstance(kind, types.MapType):
        return _is_foreign(kind.keyType) or _is_foreign(kind.valueType)
    if isinstance(kind, types.StructType):
        return any(_is_foreign(field.dataType) for field in kind.fields)
    return not isinstance(kind, _VALUES)


def _java_version(session: Any) -> int:
    text = str(session._jvm.java.lang.System.getProperty("java.specification.version"))
    return int(text.removeprefix("1.").partition(".")[0])


def prepare(
    df: DataFrame,
    model: Path,
    scorer: Scorer,
    options: FileOptions,
    predictions: types.StructType,
    settings: RuntimeSettings,
) -> Callable[[DataFrame], DataFrame]:
    """What scores frames with the columns of ``df``; ``predictions`` are the columns that follow those that are kept.

    The model is sent to the workers.
    """
    names = df.columns
    inputs = [column.name for column in scorer.info.inputs]
    kept = results.kept_columns(names, options.output_columns, options.id_columns, inputs)
    fields = [types.StructField(name, df.schema[name].dataType) for name in kept]
    arguments = (
        _shipped(df.sparkSession, model, scorer, settings),
        [names.index(name) if name in names else -1 for name in inputs],
        [names.index(name) for name in kept],
        list(options.missing_values),
        _licence(settings),
        types.StructType([*fields, *predictions.fields]).json(),
    )

    def score(frame: DataFrame) -> DataFrame:
        session = frame.sparkSession
        return type(frame)(_entry(session).score(frame._jdf, *arguments), session)

    return score


def register(
    session: SparkSession,
    name: str,
    model: Path,
    scorer: Scorer,
    predictions: types.StructType,
    settings: RuntimeSettings,
    missing_columns: MissingColumns,
    missing_values: Sequence[str],
) -> None:
    """Register a function of Spark's SQL that scores a struct."""
    _entry(session).register(
        session._jsparkSession,
        name,
        _shipped(session, model, scorer, settings),
        missing_columns is MissingColumns.AS_MISSING,
        list(missing_values),
        _licence(settings),
        predictions.json(),
    )


def _licence(settings: RuntimeSettings) -> list[str]:
    """The licence, as names that are each followed by their value."""
    licence = {"licence_key": settings.licence_key, "licence_file": settings.licence_file}
    return [str(word) for name, value in licence.items() if value is not None for word in (name, value)]


def _shipped(session: SparkSession, model: Path, scorer: Scorer, settings: RuntimeSettings) -> str:
    """Send the model, as Java loads it, to the workers; returns the name of its file there."""
    packed = shipping.folder() / shipping.name_of(scorer.info.sha256, ".jar")
    if not packed.exists():
        bundle.write_model(packed, model, scorer, settings)
    shipping.send(session, packed)
    return packed.name


def _entry(session: SparkSession) -> Any:
    """The object on the driver that is called; its jar is sent to the workers once for each application."""
    jar = bundle.platform_jar()
    context = session.sparkContext
    key = (context.applicationId, jar)
    if key not in _entries:
        context._jsc.addJar(str(jar))
        gateway, jvm = context._gateway, context._jvm
        urls = gateway.new_array(jvm.java.net.URL, 1)
        urls[0] = jvm.java.io.File(str(jar)).toURI().toURL()
        loader = jvm.java.net.URLClassLoader(urls, jvm.java.lang.Thread.currentThread().getContextClassLoader())
        none = gateway.new_array(jvm.java.lang.Class, 0)
        constructor = loader.loadClass(_SCORING).getDeclaredConstructor(none)
        _entries[key] = constructor.newInstance(gateway.new_array(jvm.java.lang.Object, 0))
    return _entries[key]
