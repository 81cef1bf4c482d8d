"""The processors' modules, which NiFi reads without running them."""

from __future__ import annotations

import ast
import re

import pytest

from dai_nifi import resources
from dai_nifi.archives.spec import SPECS
from dai_nifi.extensions.source import EXTENSIONS, Extension
from dai_nifi.flows.common import RUNTIMES
from dai_scoring.models import Runtime
from dai_scoring.options import OPTIONS

every = pytest.mark.parametrize("extension", EXTENSIONS, ids=[one.processor for one in EXTENSIONS])


@every
def test_the_committed_module_is_what_the_source_generates(extension: Extension) -> None:
    committed = (resources.extensions() / f"{extension.processor}.py").read_text(encoding="utf-8")
    assert committed == extension.module(), "run: python -m dai_nifi.extensions.generate"


def test_every_processor_has_a_module_an_archive_and_flows() -> None:
    names = {one.processor for one in EXTENSIONS}
    assert {file.stem for file in resources.extensions().glob("*.py")} == names
    assert {spec.processor for spec in SPECS.values()} == names
    assert {known.processor for known in RUNTIMES.values()} == names
    assert {Runtime[one.runtime].value for one in EXTENSIONS} == set(SPECS) == set(RUNTIMES)


@every
def test_properties_are_literal_listed_and_read_by_the_library(extension: Extension) -> None:
    source = extension.module()
    (class_,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    assigned = {
        node.targets[0].id: ast.literal_eval(next(k.value for k in node.value.keywords if k.arg == "name"))
        for node in class_.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call)
    }
    assert re.findall(r"self\.([A-Z0-9_]+),", source) == list(assigned)
    assert set(assigned.values()) <= {option.label for option in OPTIONS.values()}
    java_only = {"JVM_OPTIONS", "MOJO_RUNTIME"}
    assert java_only & set(assigned) == (java_only if extension.runtime == "JAVA" else set())


@every
def test_every_allowable_value_is_described_and_every_relationship_named(extension: Extension) -> None:
    (class_,) = (node for node in ast.parse(extension.module()).body if isinstance(node, ast.ClassDef))
    for call in (
        node.value for node in class_.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    ):
        given = {k.arg: k.value for k in call.keywords}
        if "allowable_values" in given:
            description = " ".join(ast.literal_eval(given["description"]).split())
            assert not [one for one in ast.literal_eval(given["allowable_values"]) if f"'{one}'" not in description]
    details = next(node for node in class_.body if isinstance(node, ast.ClassDef) and node.name == "ProcessorDetails")
    words = next(
        ast.literal_eval(node.value)
        for node in details.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "description"
    )
    assert [name for name in ("success", "rejected", "failure", "original") if f"'{name}'" not in words] == []
