"""The settings of the scoring processors as parameters of the templates.

So they are set when a flow is deployed, checked before anything is changed, and kept when it is deployed again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from enum import Enum

from dai_nifi.flows.builder import descriptor
from dai_nifi.flows.common import Kind, Parameter
from dai_nifi.flows.parts import Json
from dai_scoring.formats import Format
from dai_scoring.option_words import command_line_word
from dai_scoring.options import BadRows, Contributions, MissingColumns, OutputColumns


def _words(kind: type[Enum]) -> dict[str, str]:
    """What the command line calls the values of an option."""
    return {command_line_word(one.name): str(one.value) for one in kind}


OUTPUT_COLUMNS = Parameter(
    "output.columns",
    "Which columns a scored record has.",
    OutputColumns.ALL.value,
    choices=tuple(one.value for one in OutputColumns),
    words=_words(OutputColumns),
    sets="Output Columns",
)
ID_COLUMNS = Parameter(
    "id.columns",
    "The input columns to keep if output.columns is 'id columns and predictions'; separated by commas.",
    optional=True,
    sets="Id Columns",
)
PREDICTION_PREFIX = Parameter(
    "prediction.prefix",
    "Put before the name of every prediction column, such as score_.",
    optional=True,
    sets="Prediction Prefix",
)
CONTRIBUTIONS = Parameter(
    "contributions",
    "Whether scored records say how much each feature contributed (Shapley values). A model that cannot give them is "
    "refused.",
    Contributions.NONE.value,
    choices=tuple(one.value for one in Contributions),
    words=_words(Contributions),
    sets="Contributions",
)
PREDICTION_INTERVALS = Parameter(
    "prediction.intervals",
    "Whether scored records have the bounds of the prediction's interval. A model without them is refused.",
    "off",
    choices=("off", "on"),
    words={"false": "off", "no": "off", "true": "on", "yes": "on"},
    sets="Prediction Intervals",
)
MISSING_COLUMNS = Parameter(
    "missing.columns",
    "What to do when records lack a column of the model.",
    MissingColumns.FAIL.value,
    choices=tuple(one.value for one in MissingColumns),
    words=_words(MissingColumns),
    sets="Missing Columns",
)
MISSING_LITERALS = Parameter(
    "missing.literals",
    "Texts that mean a missing value, in addition to the model's own, such as NULL or \\N; separated by commas.",
    optional=True,
    sets="Missing Literals",
)
BAD_ROWS = Parameter(
    "bad.rows",
    "What to do with a row that cannot be scored, such as one with text where a number belongs.",
    BadRows.REJECT.value,
    choices=tuple(one.value for one in BadRows),
    words=_words(BadRows),
    sets="Bad Rows",
)
INPUT_FORMAT = Parameter(
    "input.format",
    "The format of what comes in; auto detects it.",
    "auto",
    choices=("auto", *(one.value for one in Format)),
    sets="Input Format",
)
OUTPUT_FORMAT = Parameter(
    "output.format",
    "The format of what goes out, scored and rejected.",
    "same as input",
    choices=("same as input", *(one.value for one in Format)),
    sets="Output Format",
)
BATCH_ROWS = Parameter(
    "batch.rows",
    "How many rows are read, scored and written at a time, at most.",
    "20000",
    Kind.COUNT,
    sets="Batch Rows",
)
RECORD_READER = Parameter(
    "record.reader",
    "The id of a controller service of NiFi that reads what comes in; goes together with record.writer.",
    kind=Kind.SERVICE,
    optional=True,
    sets="Record Reader",
)
RECORD_WRITER = Parameter(
    "record.writer",
    "The id of a controller service of NiFi that writes what goes out; goes together with record.reader.",
    kind=Kind.SERVICE,
    optional=True,
    sets="Record Writer",
)

SERVICES = (RECORD_READER, RECORD_WRITER)

EVERY = (
    OUTPUT_COLUMNS,
    ID_COLUMNS,
    PREDICTION_PREFIX,
    CONTRIBUTIONS,
    PREDICTION_INTERVALS,
    MISSING_COLUMNS,
    MISSING_LITERALS,
    BAD_ROWS,
    INPUT_FORMAT,
    OUTPUT_FORMAT,
    BATCH_ROWS,
    RECORD_READER,
    RECORD_WRITER,
)


def settings(defaults: Mapping[str, str] | None = None, without: Collection[Parameter] = ()) -> tuple[Parameter, ...]:
    """The parameters of a template: with other defaults, by the parameter's name, and without those that it fixes."""
    other = defaults or {}
    return tuple(replace(one, default=other.get(one.name, one.default)) for one in EVERY if one not in without)


def with_services(definition: Json, values: Mapping[str, str | None]) -> Json:
    """A definition in which the scoring processors refer to the record services that are set."""
    found: Json = json.loads(json.dumps(definition))
    for one in found["flowContents"]["processors"]:
        if one["properties"].get(INPUT_FORMAT.sets) != f"#{{{INPUT_FORMAT.name}}}":
            continue
        for service in SERVICES:
            if values.get(service.name) and service.sets is not None:
                one["properties"][service.sets] = f"#{{{service.name}}}"
                one["propertyDescriptors"][service.sets] = descriptor(service.sets, service=True)
    return found
