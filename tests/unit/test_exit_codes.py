"""What the command ends with: documented, one for each kind of error, and what the functions raise."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


@pytest.mark.parametrize("url", ["", "htp://nifi", "ftp://nifi:8080", "http://nifi:99999", "http://", "http://a b"])
def test_what_is_no_address_is_a_wrong_option(url: str) -> None:
    done = run("status", "--json", "--url", url)
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "usage")
    assert repr(url) in json.loads(done.stdout)["error"]["message"]


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404, "no such page")

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_that_is_no_nifi_or_does_not_speak_https_is_told() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            where = f"127.0.0.1:{server.server_port}"
            done = run("status", "--url", f"http://{where}")
            assert (done.returncode, "is no NiFi, or not ready yet: HTTP 404 no such page." in done.stderr) == (4, True)
            done = run("status", "--url", f"https://{where}")
            assert (done.returncode, "it does not speak HTTPS" in done.stderr) == (4, True)
        finally:
            server.shutdown()


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    done = run("inspect", str(tmp_path / "none.mojo"), "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (5, "not_found")


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
