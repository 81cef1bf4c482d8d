"""What an option is called, by who reads of it: a server's setting, a flag of the command line, a Python name.

Errors name options by markers in braces, as in ``Set {missing_columns=AS_MISSING} to score them as missing values.``:
a key of :data:`WORDS`, and the name of a value if there is one to set. :func:`sentences` puts the reader's own words
there, and leaves out a sentence that names what this reader cannot set. A client of a server can set no option at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from dai_scoring.options import OPTIONS, Option, Value


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
class Words:
    """What each audience calls an option, or something else that errors advise; None if it has no such thing."""

    label: str | None = None
    flag: str | None = None
    client: str | None = None
    python: str | None = None
    values: Mapping[str, Words] = field(default_factory=dict)
    """What to say of a value, by its name: the option and the value together."""


def _of(option: Option[Any]) -> Words:
    flag, python = option.flag or option.variable, option.field and option.field.rpartition(".")[2]
    values = {one.value.name: _of_value(option, one, python) for one in option.values if isinstance(one.value, Enum)}
    return Words(option.label, flag, None, python, values)


def _of_value(option: Option[Any], one: Value[Any], python: str | None) -> Words:
    return Words(
        option.label and f"{option.label} to '{one.label}'",
        option.flag and f"{option.flag} {one.word}",
        None,
        python and f"{python}={one.value}",
    )


WORDS: dict[str, Words] = {
    **{key: _of(option) for key, option in OPTIONS.items()},
    "model": Words(OPTIONS["model"].label, "--model", python="model"),
    "scoring_pipeline": Words(OPTIONS["scoring_pipeline"].label, "--model", python="model"),
    "runtime": Words(
        flag="--runtime",
        python="runtime",
        values={
            "JAVA": Words("ScoreJavaMojo", "--runtime java", python="Runtime.JAVA"),
            "PYTHON": Words("ScorePythonPipeline", "--runtime python", python="Runtime.PYTHON"),
        },
    ),
    "accept_h2o_licence": Words(
        flag="--accept-h2o-licence",
        python="open_model(..., accept_h2o_licence=True)",
    ),
    # What is no option, but goes by other names or exists for some readers only.
    "accept_daimojo": Words(flag="'pip install daimojo==2.9.2'", python="'pip install daimojo==2.9.2'"),
    "mime_type": Words("the attribute mime.type", client="the header Content-Type", python="mime_type"),
    "process": Words(python="this process"),
    # What only a server's own words can name.
    "bundle_jars": Words(),
    "convert_characters": Words(),
    "read_xml": Words(),
    "unpack_contents": Words(),
}
"""All that an error may name, by its key."""

_OR = "Or "
_MARKER = re.compile(r"\{([a-z0-9_]+)(?:=([A-Z_]+))?\}")


def name_on_canvas(words: Mapping[str, str]) -> None:
    """Let a server name things, by their keys, as those see them who set it up; raises KeyError for an unknown key."""
    for key, name in words.items():
        WORDS[key] = replace(WORDS[key], label=name)


def keys(advice: Iterable[str]) -> dict[str, str | None]:
    """The options that some advice names, with the name of the value to set, or None."""
    found = (match for sentence in advice for match in _MARKER.finditer(sentence) if match[1] in WORDS)
    return {match[1]: match[2] for match in found}


def sentences(advice: Iterable[str], audience: Audience, has: Callable[[str], bool] | None = None) -> list[str]:
    """The sentences that are for an audience, in its words.

    ``has`` says which flags the command in question takes; without it, each may be named.
    """
    found = [said for sentence in advice if (said := _sentence(sentence, audience, has)) is not None]
    if found and found[0].startswith(_OR):
        # The first alternative is not for this reader.
        found[0] = found[0].removeprefix(_OR)[:1].upper() + found[0].removeprefix(_OR)[1:]
    return found


def _sentence(sentence: str, audience: Audience, has: Callable[[str], bool] | None) -> str | None:
    parts: list[str] = []
    end = 0
    for match in _MARKER.finditer(sentence):
        if match[1] not in WORDS:
            continue
        words = _words(match[1], match[2], audience, has)
        if not words:
            return None
        parts += [sentence[end : match.start()], words]
        end = match.end()
    return "".join([*parts, sentence[end:]])


def _words(key: str, value: str | None, audience: Audience, has: Callable[[str], bool] | None) -> str | None:
    words = WORDS[key] if value is None else WORDS[key].values[value]
    if audience is Audience.CLIENT:
        return words.client
    if audience is Audience.PYTHON:
        return words.python
    if audience is Audience.CANVAS:
        return words.label
    flag = words.flag
    if flag is None or (has is not None and flag.startswith("--") and not has(flag.split()[0])):
        return None
    return flag
