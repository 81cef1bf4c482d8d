"""What is checked before a deployment changes anything: parameters, model, processors."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath

from dai_nifi.client import api
from dai_nifi.errors import ModelRefusedError, NotFoundError, UsageError
from dai_nifi.flows.common import MODEL, RUNTIMES, Kind, Parameter, Template, normalized
from dai_nifi.flows.settings import ID_COLUMNS, OUTPUT_COLUMNS, RECORD_READER, RECORD_WRITER
from dai_scoring.errors import ModelError, ModelNotFoundError
from dai_scoring.model_file import Kind as ModelKind
from dai_scoring.model_file import identify
from dai_scoring.option_words import Audience
from dai_scoring.options import OPTIONS, OutputColumns
from dai_scoring.options import OUTPUT_COLUMNS as OUTPUT_COLUMNS_OPTION

LARGEST_ASSET = 1 << 30
"""Bytes that NiFi takes as an asset at most (MAX_ASSET_SIZE_BYTES of its ParameterContextResource)."""


_SERVICES = {RECORD_READER.name: "RecordReaderFactory", RECORD_WRITER.name: "RecordSetWriterFactory"}


def parse(pairs: Iterable[str]) -> dict[str, str]:
    """Read KEY=VALUE arguments; raises UsageError for one without ``=`` or a key that comes twice."""
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--param takes KEY=VALUE, not {pair!r}.")
        if name in values:
            raise UsageError(f"--param {name} is given twice.")
        values[name] = value
    return values


def check_values(template: Template, given: Mapping[str, str], present: Mapping[str, str | None]) -> None:
    """Raise UsageError for parameters that are unknown, missing, or make no sense.

    Args:
        template: whose parameters they are.
        given: what the caller sets.
        present: what an earlier deployment has set already.

    """
    check_given(template, given)
    defaults = {one.name: one.default for one in template.parameters}
    all_values = {**defaults, **present, **given}
    missing = [
        one.name
        for one in template.parameters
        if one.required and one.name != MODEL.name and not all_values.get(one.name)
    ]
    if missing:
        raise UsageError(
            f"The flow {template.name} needs {_listed(missing)}: "
            + " ".join(f"--param {name}=..." for name in missing)
            + "".join(f"\n  {name}: {_described(template, name)}" for name in missing)
        )
    _check_directories(template, all_values)
    if template.parameter(OUTPUT_COLUMNS.name) is not None:
        _check_together(all_values)


def spelled(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """What the caller sets, with each value that has other spellings in the one that NiFi knows."""
    found = {}
    for name, value in given.items():
        known = template.parameter(name)
        meant = known.chosen(value) if known is not None and known.choices else None
        found[name] = value if meant is None else meant
    return found


def check_given(template: Template, given: Mapping[str, str]) -> None:
    """Raise UsageError for a parameter that the template does not have, or whose value makes no sense."""
    for name, value in given.items():
        _check_value(template, name, value)


def check_given_for(template: Template, runtime: str | None, given: Mapping[str, str]) -> None:
    """The same before the runtime is known, if it is None: a parameter that any of them has is one."""
    possible = [template.with_runtime(one) for one in RUNTIMES if one == runtime or runtime not in RUNTIMES]
    for name, value in given.items():
        _check_value(next((one for one in possible if one.parameter(name) is not None), possible[0]), name, value)


def runtime_for(model: Path | None, present: str | None) -> str:
    """The runtime for a model where none is asked for: the ``present`` one if it takes it, else the first that does.

    Raises ModelRefusedError if the file is not a model.
    """
    if model is None:
        return present or next(iter(RUNTIMES))
    kind = _kind(model)
    order = sorted(RUNTIMES, key=lambda name: name != present)
    return next(name for name in order if kind in RUNTIMES[name].kinds)


def check_model(model: Path, runtime: str) -> None:
    """Raise ModelRefusedError if the file is not a model, or not one for the runtime, or larger than NiFi takes."""
    if model.is_file() and model.stat().st_size > LARGEST_ASSET:
        raise ModelRefusedError(
            f"{model} has {model.stat().st_size / (1 << 30):.2f} GB; NiFi takes files of up to {LARGEST_ASSET >> 30} "
            f"GB. Put it on every machine that runs NiFi, and set the parameter {MODEL.name} to its path on the canvas."
        )
    kind = _kind(model)
    if model.is_dir():
        raise ModelRefusedError(f"{model} is a folder, and NiFi takes files: give the scorer.zip that it came in.")
    known = RUNTIMES[runtime]
    if kind not in known.kinds:
        raise ModelRefusedError(f"{model} is a {kind.value}; the runtime {runtime} takes {known.models}.")


def check_installed(runtime: str) -> None:
    """Raise NotFoundError if NiFi lacks the runtime's processor, or has another version of it."""
    wanted = RUNTIMES[runtime]
    types = api.flow.get_processor_types(type=wanted.processor).processor_types or []
    versions = sorted({one.bundle.version for one in types if one.type == wanted.processor})
    if wanted.version in versions:
        return
    has = f"has {wanted.processor} {', '.join(versions)}" if versions else f"lacks the processor {wanted.processor}"
    raise NotFoundError(f"This NiFi {has}; the flow needs version {wanted.version}. Run: dai-nifi nars install")


def check_services(template: Template, values: Mapping[str, str | None]) -> None:
    """Raise UsageError if a parameter that is to name a controller service does not name one of the right kind."""
    for one in template.parameters:
        value = values.get(one.name)
        if one.kind is not Kind.SERVICE or not value:
            continue
        try:
            found = api.controller_services.get_controller_service(value).component
        except NotFoundError:
            raise UsageError(
                f"The parameter {one.name} is the id of a controller service, and NiFi has none with {value!r}. The id "
                "is in the service's settings on the canvas."
            ) from None
        offers = {api.type.rpartition(".")[2] for api in found.controller_service_apis or []}
        wanted = _SERVICES[one.name]
        if wanted not in offers:
            raise UsageError(f"The parameter {one.name} must be a {wanted}; {found.name} ({value}) is not.")


def _kind(model: Path) -> ModelKind:
    try:
        return identify(model)
    except ModelNotFoundError as error:
        raise NotFoundError(error.text_for(Audience.COMMAND_LINE)) from error
    except ModelError as error:
        raise ModelRefusedError(error.text_for(Audience.COMMAND_LINE)) from error


def _check_value(template: Template, name: str, value: str) -> None:
    known = template.parameter(name)
    if known is None:
        settable = [
            one.name for one in template.parameters if one.kind is not Kind.SENSITIVE and one.name != MODEL.name
        ]
        meant = next((f" Do you mean {one!r}?" for one in settable if normalized(name) in _names(template, one)), "")
        raise UsageError(f"The flow {template.name} has no parameter {name!r}.{meant} It has: {', '.join(settable)}.")
    if name == MODEL.name:
        raise UsageError(f"{name} is set by --model FILE, which uploads the model to NiFi.")
    if known.kind is Kind.SENSITIVE:
        raise UsageError(
            f"{name} does not belong on a command line, where others can read it. Put it into the environment "
            f"variable {known.variable}."
        )
    if not value.strip():
        if known.optional and known.kind is not Kind.ASSET:
            return  # takes its value away
        raise UsageError(f"The parameter {name} is empty. {known.description}")
    if known.choices and known.chosen(value) is None:
        aliases = [
            alias for alias, choice in known.aliases.items() if choice in known.choices and alias not in known.choices
        ]
        short = f" (or {', '.join(aliases)})" if aliases else ""
        raise UsageError(f"The parameter {name} is one of {_quoted(known.choices)}{short}, not {value!r}.")
    if known.kind is Kind.COUNT and not (value.isascii() and value.isdigit() and known.minimum <= int(value) < 1 << 31):
        raise UsageError(f"The parameter {name} is a whole number, {known.minimum} or more, not {value!r}.")
    if known.kind is Kind.JVM_OPTIONS:
        _check_jvm_options(name, value)
    if known.kind is Kind.PORT and not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65535):
        raise UsageError(f"The parameter {name} is a port, 1 to 65535, not {value!r}.")
    if known.kind in (Kind.ASSET, Kind.MODEL) and not Path(value).is_file():
        raise UsageError(f"The parameter {name} is a file on this machine, but no file is at {value}.")
    if known.kind is Kind.DIRECTORY and not PurePath(value).is_absolute():
        raise UsageError(
            f"The parameter {name} is a folder on the machine that runs NiFi: give its whole path, not {value!r}."
        )


def _names(template: Template, name: str) -> set[str]:
    """All names of what a parameter sets: its own, the property's, the command line's, the library's."""
    known = template.parameter(name)
    sets = known.sets if known is not None else None
    options = [(key, one) for key, one in OPTIONS.items() if sets is not None and one.label == sets]
    names = [name, *(text for key, one in options for text in (key, one.label, one.flag) if text)]
    return {normalized(one) for one in names}


def _check_jvm_options(name: str, value: str) -> None:
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise UsageError(f"The parameter {name} cannot be read, {error}: {value!r}.") from error
    for word in words:
        if not word.startswith("-"):
            raise UsageError(f"The parameter {name} has {word!r}, not an option of Java: those begin with '-'.")
        if word.startswith("-Xmx") and not re.fullmatch(r"-Xmx\d+[kKmMgG]?", word):
            raise UsageError(f"The parameter {name} has {word!r}; Java's memory is given as in -Xmx2g or -Xmx768m.")


def _check_together(values: Mapping[str, str | None]) -> None:
    """Raise UsageError for settings of the scoring processor that do not go together."""
    ids = OUTPUT_COLUMNS_OPTION.label_of(OutputColumns.IDS)
    if values.get(OUTPUT_COLUMNS.name) == ids and not values.get(ID_COLUMNS.name):
        raise UsageError(f"{OUTPUT_COLUMNS.name} is {ids!r}: say which with --param {ID_COLUMNS.name}=COLUMN,...")
    one, other = sorted((RECORD_READER.name, RECORD_WRITER.name), key=lambda name: not values.get(name))
    if values.get(one) and not values.get(other):
        raise UsageError(f"{one} is given without {other}. The two go together: give both, or neither.")


def _check_directories(template: Template, values: Mapping[str, str | None]) -> None:
    names: dict[PurePath, Parameter] = {}
    for one in template.parameters:
        value = values.get(one.name)
        if one.kind is not Kind.DIRECTORY or not value:
            continue
        other = names.setdefault(PurePath(posixpath.normpath(value)), one)
        if other is not one:
            raise UsageError(
                f"{other.name} and {one.name} are both {value}. They must differ, or files would replace each other."
            )


def _quoted(choices: Iterable[str]) -> str:
    return ", ".join(repr(one) for one in choices)


def _described(template: Template, name: str) -> str:
    known = template.parameter(name)
    return known.description if known else ""


def _listed(names: list[str]) -> str:
    return f"the parameter {names[0]}" if len(names) == 1 else f"the parameters {', '.join(names)}"
