"""The properties of the processors: the library's options, and what only NiFi adds to them."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from typing import Any

from dai_scoring import options as table
from dai_scoring.formats import Format
from dai_scoring.options import Option, OptionType

_WIDTH = 120
_INDENT = " " * 12
_FORMATS = (
    "'csv' has a header line; 'json-array' is one array of objects; 'json-lines' one object a line; 'avro', 'parquet' "
    "and 'arrow-file' are files of these formats, and 'arrow-stream' is what Arrow sends over a network."
)
_SHAPLEY = (
    "They begin with contrib_; with the bias they add up to the raw prediction. A model that cannot give them is "
    "refused before the processor starts."
)


@dataclass(frozen=True)
class Property:
    """A property descriptor: an option, and what NiFi has to know of it in addition.

    ``own`` replaces the option's description, ``more`` follows it. ``default`` is one that differs from the
    library's. ``arguments`` are further arguments of the descriptor, as source.
    """

    option: Option[Any]
    own: str = ""
    more: str = ""
    default: str | None = None
    required: bool | None = None
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name on the canvas; raises KeyError if the option has none."""
        if self.option.label is None:
            raise KeyError(self.option.key)
        return self.option.label

    @property
    def attribute(self) -> str:
        """The name of the class attribute that holds it."""
        return self.name.upper().replace(" ", "_")

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that NiFi allows; none if it allows any."""
        labels = tuple(one.label for one in self.option.values)
        if self.option.type is OptionType.FORMAT:
            return (*labels, *(one.value for one in Format))
        return labels if self.option.type in (OptionType.ENUM, OptionType.BOOL) else ()

    @property
    def default_value(self) -> str | None:
        """The value that NiFi has for it until somebody sets one."""
        if self.default is not None:
            return self.default
        if self.option.values:
            return self.option.label_of(self.option.default)
        return None if self.option.default in (None, "", ()) else str(self.option.default)

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return self.own or self.option.meaning

    @property
    def description(self) -> str:
        """What it does, with each of its values."""
        meanings = [f"'{one.label}': {one.meaning}" for one in self.option.values if one.meaning]
        values = f"{'; '.join(meanings)}." if meanings else ""
        return " ".join(part for part in (self.summary, values, self.more) if part)

    def source(self) -> str:
        """The assignment of the descriptor, as a line of the processor's class."""
        default, choices = self.default_value, self.choices
        required = default is not None if self.required is None else self.required
        lines = [f"name={_quoted(self.name)}", f"description={_text(self.description)}", f"required={required}"]
        if default is not None:
            lines.append(f"default_value={_quoted(default)}")
        if choices:
            lines.append(f"allowable_values={_listed(choices)}")
        lines += self.arguments
        body = "".join(f"        {line},\n" for line in lines)
        return f"    {self.attribute} = PropertyDescriptor(\n{body}    )\n"


def _quoted(text: str) -> str:
    return json.dumps(text)


def _listed(choices: tuple[str, ...]) -> str:
    line = f"[{', '.join(map(_quoted, choices))}]"
    if len(line) + len("        allowable_values=,") <= _WIDTH:
        return line
    inside = "".join(f"            {_quoted(one)},\n" for one in choices)
    return f"[\n{inside}        ]"


def _text(description: str) -> str:
    """A description as a literal; NiFi's documentation joins its lines."""
    escaped = description.replace("\\", "\\\\")
    if len(escaped) + len('        description="",') <= _WIDTH and '"' not in escaped:
        return f'"{escaped}"'
    lines = textwrap.wrap(escaped, _WIDTH - len(_INDENT) - len('""",'), break_long_words=False, break_on_hyphens=False)
    return f'"""{f"{chr(10)}{_INDENT}".join(lines)}"""'


_NOT_EMPTY = "validators=[StandardValidators.NON_EMPTY_VALIDATOR]"
_POSITIVE = "validators=[StandardValidators.POSITIVE_INTEGER_VALIDATOR]"
_PERIOD = "validators=[StandardValidators.TIME_PERIOD_VALIDATOR]"
_FILE = "resource_definition=ResourceDefinition(allow_file=True)"
_FOLDER = "resource_definition=ResourceDefinition(allow_directory=True)"
_FILE_OR_FOLDER = "resource_definition=ResourceDefinition(allow_file=True, allow_directory=True)"


def model(option: Option[Any], own: str, resource: str) -> Property:
    """The property of a processor's model."""
    more = "A path on the machine that runs NiFi, or a parameter that refers to an asset, such as #{model}."
    definition = f"resource_definition=ResourceDefinition({resource})"
    return Property(option, own, more, required=True, arguments=(definition, _NOT_EMPTY))


SHARED = (
    Property(
        table.INPUT_FORMAT,
        more=f"'auto' looks at the contents, the attribute mime.type and the file name's extension. {_FORMATS}",
    ),
    Property(table.OUTPUT_FORMAT, more=f"'same as input', or always the same one. {_FORMATS}"),
    Property(
        table.RECORD_READER,
        more="For formats and schemas that NiFi knows and this processor does not; the formats and the delimiter here "
        "do not count then. Without, the processor reads and writes by itself, which is faster.",
        arguments=('controller_service_definition="org.apache.nifi.serialization.RecordReaderFactory"',),
    ),
    Property(
        table.RECORD_WRITER,
        more="Its schema has to have the predictions: that is so where it inherits the record schema.",
        arguments=('controller_service_definition="org.apache.nifi.serialization.RecordSetWriterFactory"',),
    ),
    Property(
        table.DELIMITER,
        more="\\t is a tab, and 'auto' finds out whether it is a comma, a semicolon, a tab or a bar. The first line "
        "must hold the column names.",
    ),
    Property(table.OUTPUT_COLUMNS),
    Property(
        table.ID_COLUMNS,
        arguments=('dependencies=[PropertyDependency(OUTPUT_COLUMNS, "id columns and predictions")]',),
    ),
    Property(table.PREDICTION_PREFIX, more="Needed where a prediction has the name of an input column that is kept."),
    Property(table.CONTRIBUTIONS, more=_SHAPLEY),
    Property(
        table.INTERVALS,
        more="Only regression models that were made with them have these. Any other model is refused before the "
        "processor starts.",
    ),
    Property(table.MISSING_COLUMNS, more="A FlowFile that fails goes to 'failure'."),
    Property(
        table.MISSING_VALUES,
        more="They are compared as they stand; a text of the records that is one of them is missing in every column of "
        "the model.",
    ),
    Property(
        table.BAD_ROWS,
        more="The rejected go to 'rejected', and a FlowFile that fails to 'failure'. The reason is in the columns "
        "_reject_code, _reject_column and _reject_value, which are null for scored rows.",
    ),
    Property(
        table.LICENCE_KEY,
        more="Without it and Licence File the runtime looks at DRIVERLESS_AI_LICENSE_KEY and "
        "DRIVERLESS_AI_LICENSE_FILE in NiFi's environment.",
        arguments=("sensitive=True",),
    ),
    Property(table.LICENCE_FILE, more="A path on the machine that runs NiFi.", arguments=(_FILE,)),
    Property(
        table.BATCH_ROWS,
        more="More is faster up to a point and takes more memory; FlowFiles may be of any size either way.",
        default="20000",
        arguments=(_POSITIVE,),
    ),
    Property(
        table.H2O_REST_REQUESTS,
        more="The requests are /model/score, /model/contribution, /model/schema, /model/id, /model/sample_request and "
        "/model/capabilities, recognised by the attributes http.method and http.request.uri that HandleHttpRequest "
        "writes, and /readyz by Ready. Rows of a request (those FlowFiles have http.method) stay together: with Bad "
        "Rows 'route to rejected' those that cannot be scored are kept with the reason, unless none can be; "
        "?columns=predictions and ?bad_rows=keep ask for that alone. FlowFiles that are no such requests are scored as "
        "records either way.",
    ),
)
"""The properties that all processors have, between the model and those of the runtime."""

JAVA = (
    Property(
        table.JVM_OPTIONS,
        more="Takes effect when the processor's Python process restarts.",
        default="-Xmx768m -XX:+UseSerialGC",
        required=False,
    ),
    Property(
        table.MOJO_RUNTIME,
        more="Set it where they are not in the NAR.",
        arguments=("resource_definition=ResourceDefinition(allow_directory=True, allow_file=True)",),
    ),
)
CPP = (
    Property(
        table.WORKERS,
        own="How many additional processes score FlowFiles of more than 1,000 rows, each of which is shared among "
        "them; each process holds the model in memory.",
        more="They start with the first such FlowFile. With 0 all is scored in NiFi's Python process, which takes "
        "longer and holds the model once.",
        default="2",
        arguments=("validators=[StandardValidators.NON_NEGATIVE_INTEGER_VALIDATOR]",),
    ),
)
PYTHON = (
    Property(
        table.PYTHON_ENVIRONMENT,
        more="That happens once and may take minutes; the processor becomes valid when it is ready.",
        arguments=(_FILE_OR_FOLDER,),
    ),
    Property(
        table.PYTHON_COMMAND,
        more="Such as python3.8 or python3.11, or a whole path.",
        arguments=(_NOT_EMPTY,),
    ),
    Property(table.ENVIRONMENT_FOLDER, more="Each pipeline has its own environment in it."),
    Property(table.WHEEL_FOLDER, arguments=(_FOLDER,)),
    Property(
        table.WORKERS,
        more="More than Concurrent Tasks are never used.",
        default="1",
        arguments=(_POSITIVE,),
    ),
    Property(table.START_TIMEOUT, default="5 mins", arguments=(_PERIOD,)),
    Property(
        table.SCORE_TIMEOUT,
        more="A worker that takes longer is ended and replaced; after a second try the FlowFile goes to 'failure'.",
        default="5 mins",
        arguments=(_PERIOD,),
    ),
    Property(table.APPLY_DATA_RECIPES),
)
