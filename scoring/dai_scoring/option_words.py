"""What an option is called, by who reads of it: a processor's property, a flag of the command line, a Python name.

Errors name options by markers in braces, as in ``Set {missing_columns=AS_MISSING} to score them as missing values.``:
a key of :data:`OPTIONS`, and a value if there is one to set. :func:`sentences` puts the reader's own words there, and
leaves out a sentence that names what this reader cannot set. A client of a server can set no option at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from dai_scoring.options import BadRows, Contributions, MissingColumns, OutputColumns


class Audience(Enum):
    """Who reads an error."""

    CANVAS = "canvas"
    """Who sees the settings of a server, and its log. It adds words of its own: :func:`name_on_canvas`."""
    COMMAND_LINE = "command line"
    CLIENT = "client"
    """Who sends records to a server and does not know how it is set."""
    PYTHON = "python"
    """Who calls this library."""


@dataclass(frozen=True)
class OptionWords:
    """An option's name for each audience, None where that one has no such option."""

    property_name: str | None = None
    flag: str | None = None
    client: str | None = None
    python: str | None = None
    """None is the option's key."""
    kind: type[Enum] | None = None
    """Of which enumeration its values are."""
    values: Mapping[str, OptionWords] = field(default_factory=dict)
    """What to say instead of the name and a value, where these do not make sense together."""


_JAVA = OptionWords("ScoreJavaMojo", "--runtime java", python="Runtime.JAVA")
_PIPELINE = OptionWords("ScorePythonPipeline", "--runtime python", python="Runtime.PYTHON")

OPTIONS: dict[str, OptionWords] = {
    "model": OptionWords("Model File", "--model"),
    "scoring_pipeline": OptionWords("Scoring Pipeline", "--model", python="model"),
    "runtime": OptionWords(flag="--runtime", values={"JAVA": _JAVA, "PYTHON": _PIPELINE}),
    "input_format": OptionWords("Input Format", "--input-format"),
    "output_format": OptionWords("Output Format", "--output-format"),
    "delimiter": OptionWords("CSV Delimiter"),
    "output_columns": OptionWords("Output Columns", "--output-columns", kind=OutputColumns),
    "id_columns": OptionWords("Id Columns", "--id-columns"),
    "prediction_prefix": OptionWords("Prediction Prefix", "--prefix"),
    "missing_columns": OptionWords("Missing Columns", "--missing-columns", kind=MissingColumns),
    "missing_values": OptionWords("Missing Literals", "--missing-values"),
    "bad_rows": OptionWords("Bad Rows", "--bad-rows", kind=BadRows),
    "batch_rows": OptionWords("Batch Rows", "--batch-rows"),
    "contributions": OptionWords("Contributions", "--contributions", kind=Contributions),
    "intervals": OptionWords("Prediction Intervals", "--intervals"),
    "record_reader": OptionWords("Record Reader"),
    "record_writer": OptionWords("Record Writer"),
    "h2o_rest_requests": OptionWords("H2O REST Requests", python=""),
    "licence_key": OptionWords("Licence Key", "DRIVERLESS_AI_LICENSE_KEY"),
    "licence_file": OptionWords("Licence File", "--licence-file"),
    "jvm_options": OptionWords("JVM Options", "--jvm-options"),
    "mojo_runtime": OptionWords("MOJO Runtime", "--mojo-runtime"),
    "workers": OptionWords("Workers"),
    "python_environment": OptionWords("Python Environment", "--python-environment", python="environment"),
    "python_command": OptionWords("Python Command", "--python-command"),
    "environment_folder": OptionWords("Environment Folder"),
    "wheel_folder": OptionWords("Wheel Folder"),
    "start_timeout": OptionWords("Start Timeout"),
    "score_timeout": OptionWords("Score Timeout"),
    "apply_data_recipes": OptionWords("Apply Data Recipes"),
    "accept_h2o_licence": OptionWords(
        None,
        "--accept-h2o-licence",
        python="open_model(..., accept_h2o_licence=True)",
    ),
    "accept_daimojo": OptionWords(
        None,
        "'pip install daimojo==2.9.2'",
        python="'pip install daimojo==2.9.2'",
    ),
    # What is no option, but goes by other names or exists for some readers only.
    "mime_type": OptionWords("the attribute mime.type", client="the header Content-Type"),
    "process": OptionWords(python="this process"),
    # What only a server's own words can name.
    "bundle_jars": OptionWords(python=""),
    "convert_characters": OptionWords(python=""),
    "unpack_contents": OptionWords(python=""),
}
"""All options that an error may name, by their keys."""

_OR = "Or "
_MARKER = re.compile(r"\{([a-z0-9_]+)(?:=([A-Z_]+))?\}")


def name_on_canvas(words: Mapping[str, str]) -> None:
    """Let a server name options, by their keys, as those see them who set it up; raises KeyError for an unknown key."""
    for key, name in words.items():
        OPTIONS[key] = replace(OPTIONS[key], property_name=name)


def property_name(key: str) -> str:
    """The name of the processors' property for an option; raises KeyError where there is none."""
    name = OPTIONS[key].property_name
    if name is None:
        raise KeyError(key)
    return name


def command_line_word(name: str) -> str:
    """What the command line calls a value, by its name in the enumeration."""
    return name.lower().replace("_", "-")


def keys(advice: Iterable[str]) -> dict[str, str | None]:
    """The options that some advice names, and the values to set, None where it names none."""
    found = (match for sentence in advice for match in _MARKER.finditer(sentence) if match[1] in OPTIONS)
    return {match[1]: match[2] for match in found}


def sentences(advice: Iterable[str], audience: Audience, has: Callable[[str], bool] | None = None) -> list[str]:
    """The sentences that are for an audience, in its words.

    ``has`` says which flags the command in question takes; without it, each may be named.
    """
    found = [said for sentence in advice if (said := _sentence(sentence, audience, has)) is not None]
    if found and found[0].startswith(_OR):
        # What it was an alternative to is not for this reader.
        found[0] = found[0].removeprefix(_OR)[:1].upper() + found[0].removeprefix(_OR)[1:]
    return found


def _sentence(sentence: str, audience: Audience, has: Callable[[str], bool] | None) -> str | None:
    parts: list[str] = []
    end = 0
    for match in _MARKER.finditer(sentence):
        if match[1] not in OPTIONS:
            continue
        words = _words(match[1], match[2], audience, has)
        if not words:
            return None
        parts += [sentence[end : match.start()], words]
        end = match.end()
    return "".join([*parts, sentence[end:]])


def _words(key: str, value: str | None, audience: Audience, has: Callable[[str], bool] | None) -> str | None:
    option = OPTIONS[key]
    if value is not None and value in option.values:
        option, value = option.values[value], None
    if audience is Audience.CLIENT:
        return option.client
    if audience is Audience.PYTHON:
        name = option.python if option.python is not None else key
        of_kind = f"{option.kind.__name__}.{value}" if option.kind is not None else value
        return name if value is None else f"{name}={of_kind}"
    if audience is Audience.COMMAND_LINE:
        flag = option.flag
        if flag is None or (has is not None and flag.startswith("--") and not has(flag.split()[0])):
            return None
        return flag if value is None else f"{flag} {command_line_word(value)}"
    if value is None or option.kind is None or option.property_name is None:
        return option.property_name
    return f"{option.property_name} to '{option.kind[value].value}'"
