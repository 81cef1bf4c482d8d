"""The names of a setting on the canvas, in deploy, on the command line and in Python: one table, as in the code."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any

import pytest

from dai_nifi.errors import UsageError
from dai_nifi.flows import templates
from dai_nifi.flows.common import LICENCE, Template
from dai_nifi.operations.deployment import checks
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import RequestError
from dai_scoring.models import open_model
from dai_scoring.options import BAD_ROWS, OPTIONS, OUTPUT_COLUMNS, Option, OptionType, Wanted
from dai_scoring.scorer import PipelineSettings, RuntimeSettings
from dai_scoring.service.requests import Request, RequestOptions
from tests.support.project import ROOT

TEMPLATES = [one.with_runtime(runtime) for one in templates.TEMPLATES.values() for runtime in one.runtimes]
HOLDERS = {one.__name__: one for one in (FileOptions, Wanted, RuntimeSettings, PipelineSettings)}


def row(*cells: str) -> str:
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def names() -> Iterator[str]:
    """A row for each option: its names, its default and what it does."""
    for option in OPTIONS.values():
        asked = option.query and f"?{option.query}="
        cells = [option.label or "", option.parameter or "", code(option.flag), code(option.variable)]
        yield row(*cells, code(asked), code(option.field), code(default(option)), option.meaning)


def default(option: Option[Any]) -> str:
    """The default of the library, as its word."""
    if isinstance(option.default, Enum):
        return str(option.default.value)
    return "" if option.default in (None, "", (), False) else str(option.default)


def values() -> Iterator[str]:
    for option in OPTIONS.values():
        for one in option.values if option.type is OptionType.ENUM else ():
            asked = f"?{option.query}={one.word}" if one.in_requests else ""
            yield row(str(option.label), one.label, code(one.word), code(str(one.value)), code(asked), one.meaning)


def test_the_fields_and_their_defaults_are_those_of_the_classes() -> None:
    for option in OPTIONS.values():
        holder, _, name = (option.field or "").partition(".")
        if holder == "open_model":
            assert name in inspect.signature(open_model).parameters
        elif holder:
            (found,) = (one for one in fields(HOLDERS[holder]) if one.name == name)
            assert found.default == option.default, option.key


def test_the_parameters_of_the_templates_are_those_of_the_table() -> None:
    known = {option.label: option.parameter for option in OPTIONS.values()}
    set_by = {one.sets: one.name for template in TEMPLATES for one in template.parameters if one.sets}
    assert {label: known[label] for label in set_by} == set_by
    apart = {"model.file", LICENCE.name}
    assert set(set_by.values()) | apart == {one.parameter for one in OPTIONS.values() if one.parameter}


@pytest.mark.parametrize(("option", "words"), [(BAD_ROWS, ["fail", "keep"]), (OUTPUT_COLUMNS, ["all", "predictions"])])
def test_a_request_may_choose_what_the_table_says(option: Option[Any], words: list[str]) -> None:
    assert [one.word for one in option.values if one.in_requests] == words
    chosen = RequestOptions(FileOptions())
    for one in option.values:
        request = Request(b"", choices={str(option.query): one.word})
        if one.in_requests:
            assert getattr(chosen.of(request), option.key) is one.value
        else:
            with pytest.raises(RequestError):
                chosen.of(request)


def test_the_tables_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    tables = ["\n".join(part.splitlines()[2:]) for part in text.split("\n\n") if part.startswith("|")]
    assert tables == ["\n".join(names()), "\n".join(values())]


@pytest.mark.parametrize("template", TEMPLATES[:3], ids=lambda one: one.name)
def test_every_spelling_of_a_value_is_taken(template: Template) -> None:
    for one in template.parameters:
        known: Mapping[str, str] = {**one.aliases, **{choice: choice for choice in one.choices}}
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
