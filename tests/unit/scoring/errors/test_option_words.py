"""Errors speak to each reader in the names that this reader has for options."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.main import get_command

import dai_scoring
from dai_nifi.extensions.source import EXTENSIONS
from dai_scoring import errors
from dai_scoring.cli import opening
from dai_scoring.cli.app import app as score
from dai_scoring.errors import (
    BadRowsError,
    LicenceError,
    MissingColumnsError,
    ModelError,
    NameClashError,
    ScoringError,
)
from dai_scoring.formats.detect import detect
from dai_scoring.option_words import WORDS, Audience, sentences
from dai_scoring.options import OPTIONS, OptionType
from dai_scoring.runtimes import driverless_ai
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.service import http_errors
from dai_scoring_nifi.reporting.canvas_words import WORDS as CANVAS_WORDS
from tests.support.error_kinds import kinds

LIBRARY = Path(dai_scoring.__file__).parent
# The command line has flags of its own.
SOURCES = sorted(file for file in LIBRARY.rglob("*.py") if file.relative_to(LIBRARY).parts[0] != "cli")
LABELS = {words.label for words in WORDS.values() if words.label}
# As names: words of plain English such as 'contributions' may stand in any text.
NAMES = [name for name in sorted(LABELS) if name.istitle() or " " in name or name.startswith("Score")]
FLAGS = [words.flag for words in WORDS.values() if words.flag and words.flag.startswith("--")]
NAMED = re.compile("|".join([*(rf"\b{re.escape(name)}\b" for name in NAMES), *(rf"{flag}\b" for flag in FLAGS)]))
MARKER = re.compile(r"\{[a-z_0-9]+(=[A-Z_]+)?\}")


def texts(file: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module, but for docstrings; the parts of an f-string that are fixed, together."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            skipped.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            skipped.update(map(id, node.values))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(str(v.value) if isinstance(v, ast.Constant) else "..." for v in node.values),
            )


ALL = [
    (file, line, text)
    for file in SOURCES
    for line, text in texts(file)
    if file.name not in ("option_words.py", "options.py")
]
ADVICE = [(file, line, text) for file, line, text in ALL if MARKER.search(text)]
FACTS = {
    MissingColumnsError: lambda: MissingColumnsError(["age"], ["Age"], ["age"]),
    errors.MissingIdColumnsError: lambda: errors.MissingIdColumnsError(["id"], ["age"], ["age"]),
    NameClashError: lambda: NameClashError(["score"]),
    BadRowsError: lambda: BadRowsError(2, 7, "age", "not_a_number"),
    http_errors.NoBodyError: http_errors.NoBodyError,
    http_errors.NotFoundError: lambda: http_errors.NotFoundError("/oops"),
    http_errors.MethodNotAllowedError: lambda: http_errors.MethodNotAllowedError("PUT", "/score", ["POST"]),
    http_errors.MultipartError: http_errors.MultipartError,
    http_errors.ContentEncodingError: lambda: http_errors.ContentEncodingError(["gzip"]),
    http_errors.NotAcceptableError: lambda: http_errors.NotAcceptableError(["text/csv"]),
    http_errors.TooLargeError: lambda: http_errors.TooLargeError(1000),
}


def test_no_text_of_the_library_names_a_property_or_a_flag():
    found = [(file.name, line, text) for file, line, text in ALL if NAMED.search(text)]
    assert found == []


def test_the_library_does_not_speak_of_flowfiles_in_what_everybody_reads():
    assert [text for _, _, text in ALL if "FlowFile" in text] == []


@pytest.mark.parametrize(("file", "line", "text"), [pytest.param(*a, id=f"{a[0].stem}-{a[1]}") for a in ADVICE])
def test_advice_fits_its_reader(file: Path, line: int, text: str):
    said = {audience: sentences([text], audience) for audience in Audience}
    keys = [match[0].strip("{}").partition("=")[0] for match in MARKER.finditer(text)]
    if not set(keys) <= set(WORDS):
        assert not set(keys) & set(WORDS)  # a text for str.format
        return
    canvas, command, client = said[Audience.CANVAS], said[Audience.COMMAND_LINE], said[Audience.CLIENT]
    assert "--" not in re.sub(r"'dai-nifi [^']*'", "", " ".join(canvas))
    for name in NAMES:
        assert not re.search(rf"\b{re.escape(name)}\b", " ".join(command))
        assert not re.search(rf"\b{re.escape(name)}\b", " ".join(client))
    assert not re.search(r"--|[a-z]_[a-z]", " ".join(client))
    assert canvas or said[Audience.PYTHON] or command or client


@pytest.mark.parametrize("kind", list(kinds(ScoringError)), ids=lambda kind: kind.__name__)
def test_every_error_has_a_text_for_every_reader(kind: type[ScoringError]):
    error = FACTS[kind]() if kind in FACTS else None
    if error is None:
        if kind.__name__ == "InvalidByteError":
            pytest.skip("made of a byte of a file: see tests/unit/scoring/formats")
        error = kind("the problem is this.", advice=("Do that.", "Or set {batch_rows} lower."))
    for audience in Audience:
        said = error.text_for(audience)
        assert said.rstrip().endswith(".")
        assert not MARKER.search(said)
    client = error.text_for(Audience.CLIENT)
    assert not any(name in client for name in NAMES)
    assert "--" not in client


@pytest.mark.parametrize(
    ("present", "said"),
    [
        (["x", " age"], "' age' is not 'age'"),
        (["\ufeffage"], r"'\ufeffage' is not 'age'"),
        (["Age\t"], r"'Age\t' is not"),
    ],
)
def test_names_that_look_alike_are_spelled_out(present: list[str], said: str) -> None:
    text = str(MissingColumnsError(["fare", "age"], present, ["fare", "age"]))
    assert f"Blanks and characters that are not seen count: {said}" in text
    assert "none of them" not in text


def test_a_name_of_composed_letters_is_spelled_out() -> None:
    error = MissingColumnsError(["gr\u00f6\u00dfe"], ["gro\u0308\u00dfe"], ["gr\u00f6\u00dfe"])
    assert r"'gro\u0308\xdfe' is not 'gr\xf6\xdfe'" in str(error)


def test_one_error_for_four_readers():
    error = MissingColumnsError(["age"], ["Age"], ["age"])
    problem = (
        "1 column(s) of the model are missing from the records: age. The records have: Age. "
        "Rename or add them (names are case-sensitive)."
    )
    assert error.text_for(Audience.CLIENT) == problem
    assert error.text_for(Audience.CANVAS) == (
        f"{problem} Or set Missing Columns to 'treat as missing values': then their values count as missing."
    )
    assert error.text_for(Audience.COMMAND_LINE) == (
        f"{problem} Or set --missing-columns as-missing: then their values count as missing."
    )
    assert str(error) == (
        f"{problem} Or set missing_columns=MissingColumns.AS_MISSING: then their values count as missing."
    )
    assert error.options == {"missing_columns": "AS_MISSING"}
    assert (error.row, error.column) == (None, "age")


def test_the_facts_of_a_bad_row():
    error = BadRowsError(2, 7, "age", "not_a_number")
    assert (error.code, error.row, error.column, error.options) == ("bad_rows", 7, "age", {"bad_rows": "REJECT"})
    assert "'route to rejected'" in error.text_for(Audience.CANVAS)
    assert "--bad-rows reject" in error.text_for(Audience.COMMAND_LINE)
    assert error.text_for(Audience.CLIENT) == (
        "2 row(s) cannot be scored, the first of them row 7, column age (not_a_number). Fix them."
    )


def test_names_in_the_data_are_no_markers():
    error = MissingColumnsError(["{bad_rows}"], ["{x}"], ["{bad_rows}"])
    assert all("{bad_rows}" in error.text_for(audience) for audience in Audience)


def test_a_client_is_not_told_of_paths_or_licences():
    error = driverless_ai.licence_error(
        Path("/secret/model.zip"), "needs a licence, and {found} is not valid", RuntimeSettings()
    )
    assert isinstance(error, LicenceError)
    assert "/secret" not in error.text_for(Audience.CLIENT)
    assert error.text_for(Audience.CLIENT) == ModelError.to_client


def test_where_a_licence_may_be_is_said_once():
    error = driverless_ai.licence_error(Path("model.zip"), "needs a licence, and none was found", RuntimeSettings())
    assert error.text_for(Audience.COMMAND_LINE).endswith("found. Set DRIVERLESS_AI_LICENSE_KEY or --licence-file.")
    assert error.text_for(Audience.CANVAS).endswith(
        "Set Licence Key or Licence File. Or set DRIVERLESS_AI_LICENSE_KEY or DRIVERLESS_AI_LICENSE_FILE in the "
        "environment of NiFi."
    )


def test_a_command_advises_the_flags_that_it_has():
    error = ModelError("too large.", advice=("Set a larger -Xmx in {jvm_options}.",))
    assert error.text_for(Audience.COMMAND_LINE, {"--jvm-options"}.__contains__).endswith("in --jvm-options.")
    assert error.text_for(Audience.COMMAND_LINE, {"--runtime"}.__contains__) == "too large."


def test_an_unknown_format_is_named_as_the_reader_can_say_it():
    with pytest.raises(ScoringError) as caught:
        detect(b"what is this", None)
    assert caught.value.text_for(Audience.CLIENT).endswith(
        "Set the header Content-Type, such as text/csv or application/json."
    )
    assert caught.value.text_for(Audience.COMMAND_LINE).endswith("says it. Choose the --input-format.")
    assert "the attribute mime.type" in caught.value.text_for(Audience.CANVAS)


def parameters() -> dict[str, Any]:
    """The parameters of all commands of dai-score, by their flags."""
    commands = [get_command(score).commands[name] for name in ("file", "inspect")]
    return {name: parameter for command in commands for parameter in command.params for name in parameter.opts}


def test_every_flag_is_one_of_a_command_with_the_help_and_the_default_of_the_table():
    known = parameters()
    for option in OPTIONS.values():
        if option.flag is None:
            continue
        assert option is OPTIONS["scoring_pipeline"] or known[option.flag].help.startswith(option.meaning)
        if option.type in (OptionType.ENUM, OptionType.INT, OptionType.BOOL) or option.default:
            default = known[option.flag].default
            assert getattr(default, "value", default) == getattr(option.default, "value", option.default)
        for value in option.values if option.type is OptionType.ENUM else ():
            assert f"{value.word}: {value.meaning}" in known[option.flag].help


def test_every_label_is_a_property_of_a_processor():
    named = {one.name for extension in EXTENSIONS for one in extension.properties}
    assert named == {option.label for option in OPTIONS.values() if option.label}
    assert set(CANVAS_WORDS) <= set(WORDS)


def test_the_tool_tells_flags(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(opening, "_flags", SimpleNamespace(get=lambda: None))
    error = opening.as_tool_error(BadRowsError(1, 1, "age", "not_a_number"))
    assert str(error).endswith("Or set --bad-rows reject to score the others.")
