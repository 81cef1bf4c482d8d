"""The settings of the scoring processors as parameters of the templates.

So they are set when a flow is deployed, checked before anything is changed, and kept when it is deployed again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from dai_nifi.extensions import properties
from dai_nifi.flows.builder import descriptor
from dai_nifi.flows.common import Kind, Parameter, setting
from dai_nifi.flows.parts import Json
from dai_scoring import options as table
from dai_scoring.options import Option

_SERVICE_ID = "The value is the id of a controller service of NiFi."
_SWITCH_ALIASES = {"false": "off", "no": "off", "true": "on", "yes": "on"}
_PROPERTIES = {one.option.key: one for one in properties.SHARED}


def _setting(option: Option[Any], kind: Kind = Kind.TEXT, more: str = "") -> Parameter:
    return setting(_PROPERTIES[option.key], kind, more=more)


OUTPUT_COLUMNS = _setting(table.OUTPUT_COLUMNS)
ID_COLUMNS = _setting(table.ID_COLUMNS)
PREDICTION_PREFIX = _setting(table.PREDICTION_PREFIX)
CONTRIBUTIONS = _setting(table.CONTRIBUTIONS, more="A model that cannot give them is refused.")
PREDICTION_INTERVALS = replace(
    _setting(table.INTERVALS, more="A model without them is refused."), aliases=_SWITCH_ALIASES
)
MISSING_COLUMNS = _setting(table.MISSING_COLUMNS)
MISSING_LITERALS = _setting(table.MISSING_VALUES)
BAD_ROWS = _setting(table.BAD_ROWS)
INPUT_FORMAT = _setting(table.INPUT_FORMAT)
OUTPUT_FORMAT = _setting(table.OUTPUT_FORMAT)
BATCH_ROWS = _setting(table.BATCH_ROWS, Kind.COUNT)
RECORD_READER = _setting(table.RECORD_READER, Kind.SERVICE, _SERVICE_ID)
RECORD_WRITER = _setting(table.RECORD_WRITER, Kind.SERVICE, _SERVICE_ID)

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
