"""The processors' properties, read into the options of the library.

A property is named by the label of its option, as in the modules of the extensions, which are generated.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dai_scoring import options as table
from dai_scoring.batch.options import FileOptions
from dai_scoring.formats import Format
from dai_scoring.model_file import is_address
from dai_scoring.options import Option, OutputColumns, Wanted
from dai_scoring.scorer import PipelineSettings, RuntimeSettings
from dai_scoring.values import missing

Lookup = Callable[[str], "str | None"]
"""Gives the value of a property by its name; None if it is not set."""

# The units of NiFi's own time periods.
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
# With less memory the process may end before it can report the problem.
_MIN_HEAP = 64 << 20

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """A processor's configuration."""

    model: Path
    runtime: RuntimeSettings
    options: FileOptions
    h2o_rest: bool = False
    """Whether requests to H2O's REST scorer are answered; the attributes of HandleHttpRequest identify them."""
    record_services: bool = False
    """Whether NiFi's record services read and write the records."""


@dataclass
class Problem:
    """Why a property's value is not valid."""

    subject: str
    explanation: str
    value: str | None = field(default=None, repr=False)


def name_of(option: Option[Any]) -> str:
    """The name of the property that sets an option. Raises KeyError if no property sets it."""
    if option.label is None:
        raise KeyError(option.key)
    return option.label


def read(
    lookup: Lookup, java_home: Path | None = None, model_property: str = name_of(table.MODEL)
) -> tuple[Settings | None, list[Problem]]:
    """Read all properties. Returns the settings, or None and every problem with the properties."""
    reader = _Reader(lookup)
    columns = reader.choice(table.OUTPUT_COLUMNS)
    ids = tuple(name.strip() for name in (reader.text(table.ID_COLUMNS) or "").split(",") if name.strip())
    if columns is OutputColumns.IDS and not ids:
        label = table.OUTPUT_COLUMNS.label_of(columns)
        reader.problem(table.ID_COLUMNS, f"{table.OUTPUT_COLUMNS.label} is '{label}': name at least one column here")
    services = [reader.text(one) for one in (table.RECORD_READER, table.RECORD_WRITER)]
    if bool(services[0]) != bool(services[1]):
        missing_option = table.RECORD_WRITER if services[0] else table.RECORD_READER
        reader.problem(missing_option, "set both Record Reader and Record Writer, or neither")
    model = lookup(model_property)
    if not model:
        reader.problems.append(
            Problem(model_property, "no model is set: give its path, or a parameter that refers to an asset", model)
        )
    elif is_address(model):
        told = "this is an address. Copy the model to each machine that runs NiFi, or upload it as a parameter's asset"
        reader.problems.append(Problem(model_property, told, model))
    options = FileOptions(
        input_format=reader.format(table.INPUT_FORMAT),
        output_format=reader.format(table.OUTPUT_FORMAT),
        output_columns=columns,
        id_columns=ids,
        prediction_prefix=reader.text(table.PREDICTION_PREFIX) or "",
        missing_columns=reader.choice(table.MISSING_COLUMNS),
        missing_values=missing.parse(reader.text(table.MISSING_VALUES) or ""),
        bad_rows=reader.choice(table.BAD_ROWS),
        batch_rows=reader.whole(table.BATCH_ROWS, 1) or table.BATCH_ROWS.default,
        delimiter=reader.delimiter(table.DELIMITER),
        wanted=Wanted(reader.choice(table.CONTRIBUTIONS), reader.choice(table.INTERVALS)),
    )
    runtime = RuntimeSettings(
        licence_key=reader.text(table.LICENCE_KEY) or None,
        licence_file=reader.path(table.LICENCE_FILE),
        jvm_options=reader.arguments(table.JVM_OPTIONS),
        java_home=java_home,
        mojo_runtime=reader.path(table.MOJO_RUNTIME),
        provision=False,
        workers=reader.whole(table.WORKERS, 0),
        pipeline=_pipeline(reader),
    )
    answers = reader.choice(table.H2O_REST_REQUESTS)
    if reader.problems or not model:
        return None, reader.problems
    return Settings(Path(model), runtime, options, answers, bool(services[0])), []


def answers_requests(lookup: Lookup) -> bool:
    """Whether requests to H2O's REST scorer are answered; usable before the settings are read."""
    return _Reader(lookup).choice(table.H2O_REST_REQUESTS)


def _pipeline(reader: _Reader) -> PipelineSettings:
    folder = reader.text(table.ENVIRONMENT_FOLDER)
    return PipelineSettings(
        environment=reader.path(table.PYTHON_ENVIRONMENT),
        environment_folder=Path(folder) if folder else None,
        python_command=reader.text(table.PYTHON_COMMAND) or table.PYTHON_COMMAND.default,
        wheel_folder=reader.path(table.WHEEL_FOLDER),
        start_timeout=reader.seconds(table.START_TIMEOUT),
        score_timeout=reader.seconds(table.SCORE_TIMEOUT),
        apply_data_recipes=reader.choice(table.APPLY_DATA_RECIPES),
    )


class _Reader:
    """Reads single properties and collects the problems with them."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.problems: list[Problem] = []

    def text(self, option: Option[Any]) -> str | None:
        return self._lookup(name_of(option))

    def problem(self, option: Option[Any], explanation: str) -> None:
        self.problems.append(Problem(name_of(option), explanation, self.text(option)))

    def choice(self, option: Option[T]) -> T:
        text = self.text(option)
        found = option.with_label(text) if text else None
        if text and found is None:
            self.problem(option, f"the value must be one of: {', '.join(one.label for one in option.values)}")
        return option.default if found is None else found.value

    def format(self, option: Option[Any]) -> Format | None:
        text = self.text(option)
        if not text or option.with_label(text) is not None:
            return None
        if text not in {one.value for one in Format}:
            self.problem(option, f"the value must be one of: {', '.join(one.value for one in Format)}")
            return None
        return Format(text)

    def whole(self, option: Option[Any], least: int) -> int | None:
        text = self.text(option)
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or int(text) < least:
            self.problem(option, f"the value must be a whole number of at least {least}")
            return None
        return int(text)

    def seconds(self, option: Option[float]) -> float:
        text = self.text(option)
        if not text:
            return option.default
        found = _PERIOD.fullmatch(text.strip().lower())
        if found is None or found[2] not in _UNITS or float(found[1]) == 0:
            self.problem(option, "the value must be a time longer than zero, such as 30 sec or 5 mins")
            return option.default
        return float(found[1]) * _UNITS[found[2]]

    def delimiter(self, option: Option[str | None]) -> str | None:
        text = self.text(option)
        if not text or option.with_label(text) is not None:
            return None
        text = {"\\t": "\t", "tab": "\t"}.get(text, text)
        if len(text) != 1 or text in '"\r\n' or not text.isascii():
            self.problem(option, "the value must be one character, \\t for a tab, or 'auto'")
            return None
        return text

    def path(self, option: Option[Any]) -> Path | None:
        text = self.text(option)
        if not text:
            return None
        try:
            if not Path(text).exists():
                self.problem(option, f"{text} does not exist on the machine that runs NiFi: check the path")
        except PermissionError:
            self.problem(option, f"NiFi's user may not enter the folder of {text}")
        return Path(text)

    def arguments(self, option: Option[Any]) -> tuple[str, ...]:
        try:
            found = tuple(shlex.split(self.text(option) or ""))
        except ValueError:
            self.problem(option, "a quote is opened but not closed, or the value ends with a backslash")
            return ()
        for one in found:
            if not one.startswith("-"):
                self.problem(option, f"options begin with -, and '{one}' does not")
            heap = _HEAP.fullmatch(one)
            if heap is not None and int(heap[1]) << _SHIFTS[heap[2].lower()] < _MIN_HEAP:
                self.problem(option, f"{one} is too little memory for any model: set at least -Xmx64m")
        return found
