"""The one table of options: what a caller may choose, and what each reader calls it.

:data:`OPTIONS` has a row for each option. The defaults of the classes of settings, the flags and the help of the
command line, and the names of options in errors are made from it. Whoever builds a server on this library takes names,
values and descriptions from it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar


class MissingColumns(Enum):
    """What to do if records lack a column of the model. The values are the words of the command line."""

    FAIL = "fail"
    AS_MISSING = "as-missing"


class BadRows(Enum):
    """What to do with rows that cannot be scored. The values are the words of the command line and of requests."""

    REJECT = "reject"
    FAIL = "fail"
    KEEP = "keep"
    """In their place among the scored ones, without predictions."""


class OutputColumns(Enum):
    """Which columns a scored record has. The values are the words of the command line and of requests."""

    ALL = "all"
    IDS = "ids"
    PREDICTIONS = "predictions"


class Contributions(Enum):
    """Shapley values to give with each prediction: none, of the input columns, or of what the model made of them."""

    NONE = "none"
    ORIGINAL = "original"
    TRANSFORMED = "transformed"


class OptionType(Enum):
    """What the values of an option are."""

    ENUM = "one of a few values"
    FORMAT = "a format of records"
    BOOL = "true or false"
    INT = "a whole number"
    SECONDS = "a time"
    TEXT = "a text"
    LIST = "texts, separated by commas"
    PATH = "a file or folder"


T = TypeVar("T")


@dataclass(frozen=True)
class Value(Generic[T]):
    """A value of an option: what a server's settings call it, and what it does."""

    value: T
    label: str
    meaning: str = ""
    in_requests: bool = False
    """Whether a client may ask for it in a request."""

    @property
    def word(self) -> str:
        """What the command line and requests call it."""
        return str(self.value.value) if isinstance(self.value, Enum) else self.label


@dataclass(frozen=True)
class Option(Generic[T]):
    """One option, and its name for each reader: None if that reader does not have it."""

    key: str
    """Its name in errors and in this code."""
    type: OptionType
    default: T
    meaning: str
    """What it does, in one sentence that every reader understands."""
    label: str | None = None
    """Its name among the settings of a server."""
    parameter: str | None = None
    """Its name among the parameters of a deployment."""
    flag: str | None = None
    """Its flag on the command line."""
    variable: str | None = None
    """The environment variable that sets it."""
    query: str | None = None
    """The query parameter by which a client asks for it."""
    field: str | None = None
    """``Class.field`` or ``function.argument`` in Python."""
    values: tuple[Value[T], ...] = ()
    """Its values, where there are a few; those of a format are in :mod:`dai_scoring.formats`."""

    def label_of(self, value: T) -> str:
        """What a server's settings call one of its values; raises KeyError if that has no label."""
        return {one.value: one.label for one in self.values}[value]

    def with_label(self, label: str) -> Value[T] | None:
        """The value with this label, if there is one."""
        return next((one for one in self.values if one.label == label), None)


MODEL = Option[None](
    "model",
    OptionType.PATH,
    None,
    "The model to score with: a MOJO of Driverless AI or H2O-3, or a Python scoring pipeline.",
    label="Model File",
    parameter="model.file",
    flag="--model",
    field="open_model.path",
)
SCORING_PIPELINE = Option[None](
    "scoring_pipeline",
    OptionType.PATH,
    None,
    "The Python scoring pipeline to score with: scorer.zip, the folder that it unpacks to, or the wheel in it.",
    label="Scoring Pipeline",
    parameter="model.file",
    flag="--model",
    field="open_model.path",
)
RUNTIME = Option[str](
    "runtime",
    OptionType.TEXT,
    "auto",
    "The runtime that scores; by default the first one that this kind of model has.",
    flag="--runtime",
    field="open_model.runtime",
)
INPUT_FORMAT = Option[Any](
    "input_format",
    OptionType.FORMAT,
    None,
    "The format of the records that come in; by default it is detected.",
    label="Input Format",
    parameter="input.format",
    flag="--input-format",
    field="FileOptions.input_format",
    values=(Value(None, "auto"),),
)
OUTPUT_FORMAT = Option[Any](
    "output_format",
    OptionType.FORMAT,
    None,
    "The format of the records that go out, scored and rejected; by default that of the input.",
    label="Output Format",
    parameter="output.format",
    flag="--output-format",
    query="format",
    field="FileOptions.output_format",
    values=(Value(None, "same as input"),),
)
DELIMITER = Option["str | None"](
    "delimiter",
    OptionType.TEXT,
    None,
    "What separates the fields of incoming CSV, one character; by default it is detected.",
    label="CSV Delimiter",
    field="FileOptions.delimiter",
    values=(Value(None, "auto"),),
)
OUTPUT_COLUMNS = Option[OutputColumns](
    "output_columns",
    OptionType.ENUM,
    OutputColumns.ALL,
    "Which columns a scored record has.",
    label="Output Columns",
    parameter="output.columns",
    flag="--output-columns",
    query="columns",
    field="FileOptions.output_columns",
    values=(
        Value(OutputColumns.ALL, "input and predictions", "all that it came with, and the predictions", True),
        Value(OutputColumns.IDS, "id columns and predictions", "the id columns that you name, and the predictions"),
        Value(OutputColumns.PREDICTIONS, "predictions", "the predictions alone", True),
    ),
)
ID_COLUMNS = Option[Sequence[str]](
    "id_columns",
    OptionType.LIST,
    (),
    "The input columns to keep if only id columns are kept, separated by commas.",
    label="Id Columns",
    parameter="id.columns",
    flag="--id-columns",
    field="FileOptions.id_columns",
)
PREDICTION_PREFIX = Option[str](
    "prediction_prefix",
    OptionType.TEXT,
    "",
    "Put before the name of every prediction column, such as score_.",
    label="Prediction Prefix",
    parameter="prediction.prefix",
    flag="--prefix",
    field="FileOptions.prediction_prefix",
)
MISSING_COLUMNS = Option[MissingColumns](
    "missing_columns",
    OptionType.ENUM,
    MissingColumns.FAIL,
    "What to do if records lack a column of the model.",
    label="Missing Columns",
    parameter="missing.columns",
    flag="--missing-columns",
    field="FileOptions.missing_columns",
    values=(
        Value(MissingColumns.FAIL, "fail", "fail the whole input, naming every missing column"),
        Value(MissingColumns.AS_MISSING, "treat as missing values", "score as if all its values were missing"),
    ),
)
MISSING_VALUES = Option[Sequence[str]](
    "missing_values",
    OptionType.LIST,
    (),
    "Texts that mean a missing value, in addition to the model's own, such as NULL or \\N; separated by commas.",
    label="Missing Literals",
    parameter="missing.literals",
    flag="--missing-values",
    field="FileOptions.missing_values",
)
BAD_ROWS = Option[BadRows](
    "bad_rows",
    OptionType.ENUM,
    BadRows.REJECT,
    "What to do with a row that cannot be scored, such as one with text where a number belongs.",
    label="Bad Rows",
    parameter="bad.rows",
    flag="--bad-rows",
    query="bad_rows",
    field="FileOptions.bad_rows",
    values=(
        Value(
            BadRows.REJECT, "route to rejected", "put that row among the rejected with the reason, and score the others"
        ),
        Value(BadRows.FAIL, "fail the FlowFile", "fail the whole input", True),
        Value(
            BadRows.KEEP,
            "keep with the reason",
            "leave the row in its place among the scored ones, with the reason and without predictions",
            True,
        ),
    ),
)
BATCH_ROWS = Option[int](
    "batch_rows",
    OptionType.INT,
    10_000,
    "How many rows are read, scored and written at a time, at most.",
    label="Batch Rows",
    parameter="batch.rows",
    flag="--batch-rows",
    field="FileOptions.batch_rows",
)
CONTRIBUTIONS = Option[Contributions](
    "contributions",
    OptionType.ENUM,
    Contributions.NONE,
    "Whether scored records have columns that say how much each feature contributed (Shapley values).",
    label="Contributions",
    parameter="contributions",
    flag="--contributions",
    field="Wanted.contributions",
    values=(
        Value(Contributions.NONE, "none", "no such columns"),
        Value(Contributions.ORIGINAL, "original", "those of the input columns"),
        Value(Contributions.TRANSFORMED, "transformed", "those of the features that the model made of them"),
    ),
)
INTERVALS = Option[bool](
    "intervals",
    OptionType.BOOL,
    False,
    "Whether scored records have the bounds of the prediction's interval.",
    label="Prediction Intervals",
    parameter="prediction.intervals",
    flag="--intervals",
    field="Wanted.intervals",
    values=(Value(False, "off", "no such columns"), Value(True, "on", "columns with the lower and the upper bound")),
)
RECORD_READER = Option[None](
    "record_reader",
    OptionType.TEXT,
    None,
    "The record service that reads the input; set it together with the one that writes the output.",
    label="Record Reader",
    parameter="record.reader",
)
RECORD_WRITER = Option[None](
    "record_writer",
    OptionType.TEXT,
    None,
    "The record service that writes the output, scored and rejected; set it together with the one that reads.",
    label="Record Writer",
    parameter="record.writer",
)
H2O_REST_REQUESTS = Option[bool](
    "h2o_rest_requests",
    OptionType.BOOL,
    False,
    "Whether requests to H2O's REST scorer are answered as it answers them.",
    label="H2O REST Requests",
    values=(
        Value(False, "score as records", "their contents are scored as any other"),
        Value(True, "answer", "they are, and requests get an error at once while the model cannot score"),
    ),
)
LICENCE_KEY = Option["str | None"](
    "licence_key",
    OptionType.TEXT,
    None,
    "The Driverless AI licence key, for models that need one.",
    label="Licence Key",
    parameter="licence.key",
    variable="DRIVERLESS_AI_LICENSE_KEY",
    field="RuntimeSettings.licence_key",
)
LICENCE_FILE = Option[None](
    "licence_file",
    OptionType.PATH,
    None,
    "The Driverless AI licence file (license.sig), for models that need one.",
    label="Licence File",
    flag="--licence-file",
    variable="DRIVERLESS_AI_LICENSE_FILE",
    field="RuntimeSettings.licence_file",
)
ACCEPT_H2O_LICENCE = Option[bool](
    "accept_h2o_licence",
    OptionType.BOOL,
    False,
    "Fetch H2O's MOJO runtime for Java (ai.h2o:mojo2-runtime-impl) from Maven Central. "
    "By giving this option you accept H2O.ai's own licence for it.",
    flag="--accept-h2o-licence",
    field="RuntimeSettings.accept_h2o_licence",
)
JVM_OPTIONS = Option["tuple[str, ...]"](
    "jvm_options",
    OptionType.TEXT,
    (),
    "Options of the Java virtual machine that scores; large models need a larger -Xmx.",
    label="JVM Options",
    parameter="jvm.options",
    flag="--jvm-options",
    field="RuntimeSettings.jvm_options",
)
MOJO_RUNTIME = Option[None](
    "mojo_runtime",
    OptionType.PATH,
    None,
    "A folder with the jars of H2O's MOJO runtime (mojo2-runtime), which only Driverless AI MOJOs need.",
    label="MOJO Runtime",
    flag="--mojo-runtime",
    field="RuntimeSettings.mojo_runtime",
)
WORKERS = Option["int | None"](
    "workers",
    OptionType.INT,
    None,
    "How many processes score at the same time; each holds the model in memory.",
    label="Workers",
    parameter="workers",
    field="RuntimeSettings.workers",
)
PYTHON_ENVIRONMENT = Option[None](
    "python_environment",
    OptionType.PATH,
    None,
    "A Python environment that has the scoring pipeline installed: its folder, or its python; without it one is made.",
    label="Python Environment",
    flag="--python-environment",
    field="PipelineSettings.environment",
)
PYTHON_COMMAND = Option[str](
    "python_command",
    OptionType.TEXT,
    "python3",
    "The Python to make a scoring pipeline's environment with: that of the Driverless AI that trained the model.",
    label="Python Command",
    parameter="python.command",
    flag="--python-command",
    field="PipelineSettings.python_command",
)
ENVIRONMENT_FOLDER = Option[None](
    "environment_folder",
    OptionType.PATH,
    None,
    "Where environments of scoring pipelines are made and kept; by default in a cache folder of the user that scores.",
    label="Environment Folder",
    field="PipelineSettings.environment_folder",
)
WHEEL_FOLDER = Option[None](
    "wheel_folder",
    OptionType.PATH,
    None,
    "A folder with the wheels of all packages that the pipeline requires, to use instead of the package index.",
    label="Wheel Folder",
    field="PipelineSettings.wheel_folder",
)
START_TIMEOUT = Option[float](
    "start_timeout",
    OptionType.SECONDS,
    300.0,
    "How long a worker may take to load the scoring pipeline.",
    label="Start Timeout",
    field="PipelineSettings.start_timeout",
)
SCORE_TIMEOUT = Option[float](
    "score_timeout",
    OptionType.SECONDS,
    300.0,
    "How long a worker may take to score a batch of rows.",
    label="Score Timeout",
    field="PipelineSettings.score_timeout",
)
APPLY_DATA_RECIPES = Option[bool](
    "apply_data_recipes",
    OptionType.BOOL,
    False,
    "Whether the scoring pipeline applies its data recipes first.",
    label="Apply Data Recipes",
    field="PipelineSettings.apply_data_recipes",
    values=(
        Value(False, "false", "for rows that are as the recipes make them"),
        Value(True, "true", "for rows that are as the data was before them"),
    ),
)

OPTIONS: dict[str, Option[Any]] = {
    one.key: one
    for one in (
        MODEL,
        SCORING_PIPELINE,
        RUNTIME,
        INPUT_FORMAT,
        OUTPUT_FORMAT,
        DELIMITER,
        OUTPUT_COLUMNS,
        ID_COLUMNS,
        PREDICTION_PREFIX,
        MISSING_COLUMNS,
        MISSING_VALUES,
        BAD_ROWS,
        BATCH_ROWS,
        CONTRIBUTIONS,
        INTERVALS,
        RECORD_READER,
        RECORD_WRITER,
        H2O_REST_REQUESTS,
        LICENCE_KEY,
        LICENCE_FILE,
        ACCEPT_H2O_LICENCE,
        JVM_OPTIONS,
        MOJO_RUNTIME,
        WORKERS,
        PYTHON_ENVIRONMENT,
        PYTHON_COMMAND,
        ENVIRONMENT_FOLDER,
        WHEEL_FOLDER,
        START_TIMEOUT,
        SCORE_TIMEOUT,
        APPLY_DATA_RECIPES,
    )
}
"""All options, by their keys."""


@dataclass(frozen=True)
class Wanted:
    """What to give in addition to the predictions."""

    contributions: Contributions = CONTRIBUTIONS.default
    intervals: bool = INTERVALS.default


PREDICTIONS_ONLY = Wanted()
