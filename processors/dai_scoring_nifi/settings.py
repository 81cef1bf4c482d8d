"""The processors' properties, read into the options of the library.

The names here are those of the property descriptors in the extension modules: NiFi reads these by parsing the
source, so each processor spells its own out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TypeVar

from dai_scoring.batch.options import FileOptions
from dai_scoring.formats import Format
from dai_scoring.option_words import property_name
from dai_scoring.options import BadRows, Contributions, MissingColumns, OutputColumns, Wanted
from dai_scoring.scorer import PipelineSettings, RuntimeSettings
from dai_scoring.values import missing

MODEL_FILE = property_name("model")
SCORING_PIPELINE = property_name("scoring_pipeline")
INPUT_FORMAT = property_name("input_format")
OUTPUT_FORMAT = property_name("output_format")
CSV_DELIMITER = property_name("delimiter")
OUTPUT_COLUMNS = property_name("output_columns")
ID_COLUMNS = property_name("id_columns")
PREDICTION_PREFIX = property_name("prediction_prefix")
MISSING_COLUMNS = property_name("missing_columns")
MISSING_LITERALS = property_name("missing_values")
BAD_ROWS = property_name("bad_rows")
LICENCE_KEY = property_name("licence_key")
LICENCE_FILE = property_name("licence_file")
BATCH_ROWS = property_name("batch_rows")
RECORD_READER = property_name("record_reader")
RECORD_WRITER = property_name("record_writer")
H2O_REST_REQUESTS = property_name("h2o_rest_requests")
CONTRIBUTIONS = property_name("contributions")
PREDICTION_INTERVALS = property_name("intervals")
JVM_OPTIONS = property_name("jvm_options")
MOJO_RUNTIME = property_name("mojo_runtime")
PYTHON_ENVIRONMENT = property_name("python_environment")
PYTHON_COMMAND = property_name("python_command")
ENVIRONMENT_FOLDER = property_name("environment_folder")
WHEEL_FOLDER = property_name("wheel_folder")
WORKERS = property_name("workers")
START_TIMEOUT = property_name("start_timeout")
SCORE_TIMEOUT = property_name("score_timeout")
APPLY_DATA_RECIPES = property_name("apply_data_recipes")

AUTO = "auto"
SAME = "same as input"
ANSWER = "answer"

Lookup = Callable[[str], "str | None"]
"""Gives the value of a property by its name, None where it is not set."""

# As NiFi's own time periods.
_PERIOD = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_UNITS = {
    **dict.fromkeys(("ms", "milli", "millis", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}

_HEAP = re.compile(r"-Xmx(\d+)([kKmMgG]?)")
_SHIFTS = {"": 0, "k": 10, "m": 20, "g": 30}
# With less the process may end before it can say so.
_LEAST_HEAP = 64 << 20

E_ = TypeVar("E_", bound=Enum)


@dataclass(frozen=True)
class Settings:
    """A processor's configuration."""

    model: Path
    runtime: RuntimeSettings
    options: FileOptions
    h2o_rest: bool = False
    """Whether requests of H2O's REST scorers are answered, as the attributes of HandleHttpRequest tell them."""
    services: bool = False
    """Whether NiFi's record services read and write the FlowFiles."""


@dataclass
class Problem:
    """Why a property's value will not do."""

    subject: str
    explanation: str
    value: str | None = field(default=None, repr=False)


def read(
    lookup: Lookup, java_home: Path | None = None, model_property: str = MODEL_FILE
) -> tuple[Settings | None, list[Problem]]:
    """Read all properties: the settings, or None and everything that is wrong with them."""
    reader = _Reader(lookup)
    columns = reader.choice(OUTPUT_COLUMNS, OutputColumns)
    ids = tuple(name.strip() for name in (lookup(ID_COLUMNS) or "").split(",") if name.strip())
    if columns is OutputColumns.IDS and not ids:
        reader.problem(ID_COLUMNS, f"{OUTPUT_COLUMNS} is '{columns.value}': name at least one column here")
    if bool(lookup(RECORD_READER)) != bool(lookup(RECORD_WRITER)):
        absent = RECORD_WRITER if lookup(RECORD_READER) else RECORD_READER
        reader.problem(absent, "the two go together: set both Record Reader and Record Writer, or neither")
    model = lookup(model_property)
    if not model:
        reader.problem(model_property, "there is no model: give its path, or a parameter that refers to an asset")
    options = FileOptions(
        input_format=reader.format(INPUT_FORMAT),
        output_format=reader.format(OUTPUT_FORMAT),
        output_columns=columns,
        id_columns=ids,
        prediction_prefix=lookup(PREDICTION_PREFIX) or "",
        missing_columns=reader.choice(MISSING_COLUMNS, MissingColumns),
        missing_values=missing.parse(lookup(MISSING_LITERALS) or ""),
        bad_rows=reader.choice(BAD_ROWS, BadRows),
        batch_rows=reader.whole(BATCH_ROWS, 1) or FileOptions.batch_rows,
        delimiter=reader.delimiter(),
        wanted=Wanted(reader.choice(CONTRIBUTIONS, Contributions), reader.switch(PREDICTION_INTERVALS)),
    )
    runtime = RuntimeSettings(
        licence_key=lookup(LICENCE_KEY) or None,
        licence_file=reader.path(LICENCE_FILE),
        jvm_options=reader.words(JVM_OPTIONS),
        java_home=java_home,
        mojo_runtime=reader.path(MOJO_RUNTIME),
        provision=False,
        workers=reader.whole(WORKERS, 0),
        pipeline=_pipeline(lookup, reader),
    )
    if reader.problems or not model:
        return None, reader.problems
    return Settings(Path(model), runtime, options, lookup(H2O_REST_REQUESTS) == ANSWER, bool(lookup(RECORD_READER))), []


def _pipeline(lookup: Lookup, reader: _Reader) -> PipelineSettings:
    folder = lookup(ENVIRONMENT_FOLDER)
    return PipelineSettings(
        environment=reader.path(PYTHON_ENVIRONMENT),
        environment_folder=Path(folder) if folder else None,
        python_command=lookup(PYTHON_COMMAND) or PipelineSettings.python_command,
        wheel_folder=reader.path(WHEEL_FOLDER),
        start_timeout=reader.seconds(START_TIMEOUT, PipelineSettings.start_timeout),
        score_timeout=reader.seconds(SCORE_TIMEOUT, PipelineSettings.score_timeout),
        apply_data_recipes=lookup(APPLY_DATA_RECIPES) == "true",
    )


class _Reader:
    """Reads single properties and collects what is wrong with them."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.problems: list[Problem] = []

    def problem(self, subject: str, explanation: str) -> None:
        self.problems.append(Problem(subject, explanation, self._lookup(subject)))

    def choice(self, name: str, kind: type[E_]) -> E_:
        choices = list(kind)
        value = self._lookup(name)
        if not value:
            return choices[0]
        try:
            return kind(value)
        except ValueError:
            self.problem(name, f"it is none of: {', '.join(str(c.value) for c in choices)}")
            return choices[0]

    def switch(self, name: str) -> bool:
        value = self._lookup(name)
        if value and value not in ("on", "off"):
            self.problem(name, "it is neither on nor off")
        return value == "on"

    def format(self, name: str) -> Format | None:
        value = self._lookup(name)
        if not value or value in (AUTO, SAME):
            return None
        return self.choice(name, Format)

    def whole(self, name: str, least: int) -> int | None:
        value = self._lookup(name)
        if not value:
            return None
        if not value.isascii() or not value.isdigit() or int(value) < least:
            self.problem(name, f"it has to be a whole number of at least {least}")
            return None
        return int(value)

    def seconds(self, name: str, default: float) -> float:
        value = self._lookup(name)
        if not value:
            return default
        found = _PERIOD.fullmatch(value.strip().lower())
        if found is None or found[2] not in _UNITS or float(found[1]) == 0:
            self.problem(name, "it has to be a time of more than nothing, such as 30 sec or 5 mins")
            return default
        return float(found[1]) * _UNITS[found[2]]

    def delimiter(self) -> str | None:
        value = self._lookup(CSV_DELIMITER)
        if not value or value == AUTO:
            return None
        value = {"\\t": "\t", "tab": "\t"}.get(value, value)
        if len(value) != 1 or value in '"\r\n' or not value.isascii():
            self.problem(CSV_DELIMITER, "it has to be one character, \\t for a tab, or 'auto'")
            return None
        return value

    def path(self, name: str) -> Path | None:
        value = self._lookup(name)
        if not value:
            return None
        try:
            if not Path(value).exists():
                self.problem(name, f"there is nothing at {value} on the machine that runs NiFi: check the path")
        except PermissionError:
            self.problem(name, f"NiFi's user may not enter the folder of {value}")
        return Path(value)

    def words(self, name: str) -> tuple[str, ...]:
        try:
            found = tuple(shlex.split(self._lookup(name) or ""))
        except ValueError:
            self.problem(name, "a quote in it is opened and not closed, or it ends in a backslash")
            return ()
        for word in found:
            if not word.startswith("-"):
                self.problem(name, f"options begin with -, and '{word}' does not")
            heap = _HEAP.fullmatch(word)
            if heap is not None and int(heap[1]) << _SHIFTS[heap[2].lower()] < _LEAST_HEAP:
                self.problem(name, f"{word} is too little memory for any model: set at least -Xmx64m")
        return found
