"""What the processors and dai-nifi share: both import it, it imports nothing, and neither imports the other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dai_nifi_protocol import Code, find_code, has_code, with_code
from tests.support.project import ROOT


def imports(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (one.name.partition(".")[0] for one in node.names)
            if isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def test_who_imports_whom() -> None:
    assert set(imports(ROOT / "processors" / "dai_nifi_protocol")) == set()
    tool, processors = (set(imports(ROOT / one)) for one in ("tools/dai_nifi", "processors/dai_scoring_nifi"))
    assert "dai_nifi_protocol" in tool & processors
    assert "dai_scoring_nifi" not in tool
    assert "dai_nifi" not in processors


@pytest.mark.parametrize("detail", ["", "Collecting numpy"])
def test_a_code_is_found_again_in_what_nifi_makes_of_the_message(detail: str) -> None:
    message = with_code(Code.ENVIRONMENT_BEING_MADE, "the environment is being made", detail)
    assert message.endswith("] the environment is being made")
    shown = f"'Scoring Pipeline' validated against '/models/[x].zip' is invalid because {message}"
    assert find_code(shown) == (Code.ENVIRONMENT_BEING_MADE, detail)
    assert has_code(shown, Code.ENVIRONMENT_BEING_MADE)
    assert not has_code(shown, Code.LICENCE)


def test_a_message_without_a_known_code_has_none() -> None:
    assert find_code("'Model File' is invalid because [licenced] there is no model file") is None
