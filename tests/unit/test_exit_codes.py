"""What the command ends with: documented, one for each kind of error, and what the functions raise."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dai_nifi
from dai_nifi import errors
from dai_nifi.errors import NiFiUnreachableError, NotFoundError, ToolError
from dai_nifi.nifi.web import free_port
from tests.conftest import ROOT

KINDS = [ToolError, *ToolError.__subclasses__()]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from dai_nifi.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_every_kind_of_error_has_a_code_of_its_own_and_is_documented() -> None:
    codes = {kind.exit_code: kind for kind in KINDS}
    assert len(codes) == len(KINDS)
    text = (ROOT / "docs" / "automation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|([\w, ]*)\|", text, re.MULTILINE)
    documented = {int(code): [word.strip() for word in words.split(",")] for code, words in rows}
    assert documented.keys() == {0, 130, *codes}
    for code, kind in codes.items():
        assert kind.code in documented[code]
        assert re.search(rf"^ +{code}   ?{kind.__name__} ", errors.__doc__ or "", re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["status"], 4, "nifi_unreachable"),
        (["doctor"], 4, "nifi_unreachable"),
        (["rollback", "any"], 4, "nifi_unreachable"),
        (["swap", "any", "--model", "any.mojo"], 4, "nifi_unreachable"),
        (["status", "--watch"], 2, "usage"),
    ],
)
def test_nobody_there(arguments: list[str], code: int, word: str) -> None:
    done = run(*arguments, "--json", "--url", f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (code, word)
    assert done.stderr == ""


def test_the_words_for_people_are_on_standard_error() -> None:
    done = run("status", "any", "--url", f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stdout) == (4, "")
    assert "no NiFi answers at" in done.stderr


def test_the_functions_raise_what_the_commands_end_with(tmp_path: Path) -> None:
    with pytest.raises(NiFiUnreachableError):
        dai_nifi.status("any", url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NotFoundError):
        dai_nifi.score("any.mojo", tmp_path / "rows.csv", tmp_path / "scores.csv", tmp_path / "rejected.csv")
    assert all(callable(getattr(dai_nifi, name)) for name in dai_nifi.__all__)
