"""The names of a setting on the canvas, in deploy, on the command line and in Python: one table, as in the code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import Enum

import pytest

from dai_nifi.errors import UsageError
from dai_nifi.flows import templates
from dai_nifi.flows.common import LICENCE, MODEL, RUNTIMES, Template
from dai_nifi.operations.deployment import checks
from dai_scoring.batch.options import FileOptions
from dai_scoring.option_words import OPTIONS, command_line_word
from dai_scoring.options import Wanted
from dai_scoring.scorer import PipelineSettings, RuntimeSettings
from dai_scoring.service import requests
from tests.support.project import ROOT

EXTENSIONS = sorted((ROOT / "processors" / "extensions").glob("*.py"))
TEMPLATES = [one.with_runtime(runtime) for one in templates.TEMPLATES.values() for runtime in one.runtimes]
PARAMETERS = {one.sets: one.name for template in TEMPLATES for one in template.parameters if one.sets}
PARAMETERS |= {one.model_property: f"{MODEL.name} (by `--model`)" for one in RUNTIMES.values()}
PARAMETERS |= {"Licence Key": f"{LICENCE.name} (by `{LICENCE.variable}`)"}
IN_REQUESTS = {
    "output_columns": ("columns", requests.COLUMN_CHOICES),
    "bad_rows": ("bad_rows", requests.BAD_ROWS_CHOICES),
}


HOLDERS = (FileOptions, Wanted, RuntimeSettings, PipelineSettings)


def row(*cells: str) -> str:
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def names() -> Iterator[str]:
    """A row for each property of the processors."""
    there = {
        name for one in EXTENSIONS for name in re.findall(r'name="([A-Z][^"]*)",', one.read_text(encoding="utf-8"))
    }
    for key, option in OPTIONS.items():
        name = option.property_name
        if name in there:
            yield row(name, PARAMETERS.get(name, ""), f"`{option.flag}`" if option.flag else "", in_python(key))


def in_python(key: str) -> str:
    name = OPTIONS[key].python or key
    holder = next((one.__name__ for one in HOLDERS if name in {field.name for field in fields(one)}), None)
    return f"`{holder}.{name}`" if holder else "`open_model(path)`" if name == "model" else ""


def values() -> Iterator[str]:
    for key, option in OPTIONS.items():
        for value in option.kind or ():
            yield row(
                str(option.property_name),
                str(value.value),
                f"`{command_line_word(value.name)}`",
                f"`{value}`",
                asked(key, value),
            )


def asked(key: str, value: Enum) -> str:
    parameter, known = IN_REQUESTS.get(key, ("", {}))
    word = next((word for word, meant in known.items() if meant is value), None)
    return f"`?{parameter}={word}`" if word else ""


def test_the_tables_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    tables = ["\n".join(part.splitlines()[2:]) for part in text.split("\n\n") if part.startswith("|")]
    assert tables == ["\n".join(names()), "\n".join(values())]


@pytest.mark.parametrize("template", TEMPLATES[:3], ids=lambda one: one.name)
def test_every_spelling_of_a_value_is_taken(template: Template) -> None:
    for one in template.parameters:
        known: Mapping[str, str] = {**one.words, **{choice: choice for choice in one.choices}}
        for word, value in known.items():
            if value not in one.choices:
                continue
            for text in (word, word.upper(), word.title(), word.replace(" ", "_"), word.replace("-", "_"), f" {word} "):
                checks.check_given(template, {one.name: text})
                assert checks.spelled(template, {one.name: text}) == {one.name: value}


@pytest.mark.parametrize("word", ["reject", "REJECT", "route to rejected", "Route-to-Rejected"])
def test_bad_rows_by_any_word(word: str) -> None:
    template = templates.template("batch-files")
    assert checks.spelled(template, {"bad.rows": word}) == {"bad.rows": "route to rejected"}


@pytest.mark.parametrize("word", ["drop", "", "keeps", "keep with", "rejected"])
def test_a_wrong_value_is_told_those_there_are(word: str) -> None:
    with pytest.raises(UsageError) as refused:
        checks.check_given(templates.template("batch-files"), {"bad.rows": word})
    said = str(refused.value)
    assert word == "" or (
        "'route to rejected', 'fail the FlowFile', 'keep with the reason' (or reject, fail, keep), not" in said
    )


def test_a_flow_that_cannot_keep_bad_rows_does_not_name_it() -> None:
    with pytest.raises(UsageError) as refused:
        checks.check_given(templates.template("batch-database"), {"bad.rows": "keep"})
    assert "'fail the FlowFile' (or reject, fail), not 'keep'" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bad-rows", "bad.rows"),
        ("Bad Rows", "bad.rows"),
        ("prefix", "prediction.prefix"),
        ("missing_values", "missing.literals"),
        ("intervals", "prediction.intervals"),
    ],
)
def test_another_name_of_a_parameter_is_told_its_own(name: str, meant: str) -> None:
    with pytest.raises(UsageError, match=rf"Do you mean '{meant}'\?"):
        checks.check_given(templates.template("batch-files"), {name: "x"})


def test_no_two_values_of_a_parameter_have_the_same_spelling() -> None:
    for one in {one for template in TEMPLATES for one in template.parameters}:
        assert len({one.chosen(choice) for choice in one.choices}) == len(one.choices)
