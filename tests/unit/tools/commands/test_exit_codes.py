"""What the command ends with: documented, one for each kind of error, and what the functions raise."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import dai_nifi
from dai_nifi import cli, errors
from dai_nifi.client import connection
from dai_nifi.errors import ModelRefusedError, NiFiUnreachableError, NotFoundError, ScoringFailedError, ToolError
from dai_scoring.cli.opening import as_tool_error
from dai_scoring.errors import BadRowsError, ScoringError
from dai_scoring.service import http_errors
from tests.support.called import Ended, called
from tests.support.error_kinds import ABSTRACT, kinds
from tests.support.ports import free_port
from tests.support.project import ROOT
from tests.support.server.web_server import Answers, served
from tests.support.waiting import PATIENCE

# These are what a service makes of errors that a command handles before.
OF_THE_SERVICE = {"internal", "io"}
# Not those of the routes, which other tests may have imported: each route documents its own.
KINDS = [
    ToolError,
    *(kind for kind in ToolError.__subclasses__() if not kind.__module__.startswith("dai_routes.")),
]


def run(*arguments: str) -> Ended:
    return called(cli.main, *arguments)


def test_every_kind_of_error_has_a_code_of_its_own_and_is_documented() -> None:
    codes = {kind.exit_code: kind for kind in KINDS}
    assert len(codes) == len(KINDS)
    text = (ROOT / "docs" / "automation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|([\w, ]*)\|", text, re.MULTILINE)
    documented = {int(code): [word.strip() for word in words.split(",")] for code, words in rows}
    assert documented.keys() == {0, 143, *codes}
    for code, kind in codes.items():
        assert kind.code in documented[code]
        assert re.search(rf"^ +{code}   ?{kind.__name__} ", errors.__doc__ or "", re.MULTILINE)


def test_what_scoring_raises_keeps_its_code_and_its_place() -> None:
    told = as_tool_error(BadRowsError(2, 7, "age", "not_a_number"))
    assert json.loads(told.as_json())["error"] == {
        "code": "bad_rows",
        "message": str(told),
        "row": 7,
        "column": "age",
    }
    text = (ROOT / "docs" / "automation.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \|([\w, ]*)\|", text, re.MULTILINE))
    documented = {int(code): {word.strip() for word in words.split(",")} for code, words in rows.items()}
    other = {code for kind in (ScoringFailedError, ModelRefusedError) for code in (kind.code, "breaking_change")}
    found: dict[int, set[str]] = {7: set(), 9: set()}
    # Kinds may share a code and differ in the exit code, such as RuntimeMissingError and PrerequisiteError.
    for kind in (one for one in kinds(ScoringError) if one.__module__ != http_errors.__name__):
        code = kind.code
        error = ScoringError.__new__(kind)
        ScoringError.__init__(error)
        if code not in ABSTRACT | OF_THE_SERVICE and (exit_code := as_tool_error(error).exit_code) in found:
            assert as_tool_error(error).code == code
            found[exit_code].add(code)
    assert found == {code: documented[code] - other for code in found}


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["status"], 4, "nifi_unreachable"),
        (["doctor"], 4, "nifi_unreachable"),
        (["rollback", "any"], 4, "nifi_unreachable"),
        (["swap", "any", "--model", __file__], 4, "nifi_unreachable"),
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


@pytest.mark.parametrize("arguments", [["none"], ["deploy"], ["status", "--none"], ["swap", "a", "--timeout", "x"]])
def test_a_wrong_command_line_is_told_as_json_too(arguments: list[str]) -> None:
    done = run(*arguments, "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"], done.stderr) == (2, "usage", "")


RUN_INTERRUPTED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
number = int(sys.argv.pop(1))
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "dai_nifi.cli":
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Interrupts())
from dai_nifi.__main__ import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_command_is_loaded_is_told(number: signal.Signals) -> None:
    command = [sys.executable, "-c", RUN_INTERRUPTED, str(int(number)), "status"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, json.loads(done.stdout)["error"]["code"], done.stderr) == (128 + number, "cancelled", "")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (128 + number, "")
    assert done.stderr == "Error: Interrupted before anything was done.\n"


def test_help_and_success_end_with_0_with_json_too() -> None:
    for arguments in (["flows", "list"], ["deploy", "--help"]):
        assert run(*arguments, "--json").returncode == 0


class _Page(Answers):
    def answer(self) -> None:
        self.send_error(404, "no such page")


def test_a_server_that_is_no_nifi_or_does_not_speak_https_is_told() -> None:
    with served(_Page) as where:
        done = run("status", "--url", f"http://{where}")
        assert (done.returncode, "is not a NiFi, or not ready yet: HTTP 404 no such page." in done.stderr) == (4, True)
        done = run("status", "--url", f"https://{where}")
        assert (done.returncode, "it does not speak HTTPS" in done.stderr) == (4, True)


class _Json(Answers):
    def answer(self) -> None:
        self.send_json({})


def test_a_server_that_answers_otherwise_is_told() -> None:
    with served(_Json) as where:
        done = run("status", "--url", f"http://{where}")
        assert (done.returncode, "is not a NiFi: it does not say NiFi's version" in done.stderr) == (4, True)


def test_a_server_that_speaks_no_http_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_greet, args=(server,), daemon=True).start()
        done = run("status", "--url", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert (done.returncode, "does not speak HTTP)" in done.stderr) == (4, True)


def _greet(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"220 ready\r\n")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_never_answers_is_not_waited_for_without_end(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(connection, "_ANSWER_SECONDS", 0.5)
    # The system accepts connections, and nobody reads.
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(NiFiUnreachableError, match="no answer in time"),
    ):
        dai_nifi.status("any", url=f"{scheme}://127.0.0.1:{server.getsockname()[1]}")


class _Hung(Answers):
    """Says that it is NiFi, and nothing more."""

    def answer(self) -> None:
        if self.path.endswith("/flow/about"):
            self.send_json({"about": {"version": "2.3.0"}})
        else:
            time.sleep(PATIENCE)


def test_a_nifi_that_stops_answering_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LATER_READ_SECONDS", 0.5)
    with (
        served(_Hung) as where,
        pytest.raises(NiFiUnreachableError, match=r"does not answer: .*Read timed out"),
    ):
        dai_nifi.status("any", url=f"http://{where}")


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    done = run("inspect", str(tmp_path / "none.mojo"), "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (5, "not_found")


def test_the_words_for_people_are_on_standard_error() -> None:
    # In a process of its own, as its users run it.
    command = [sys.executable, "-c", "from dai_nifi.__main__ import main; main()", "status", "any"]
    command += ["--url", f"http://127.0.0.1:{free_port()}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (4, "")
    assert "no NiFi answers at" in done.stderr


def test_the_functions_raise_what_the_commands_end_with(tmp_path: Path) -> None:
    with pytest.raises(NiFiUnreachableError):
        dai_nifi.status("any", url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NotFoundError):
        dai_nifi.score("any.mojo", tmp_path / "rows.csv", tmp_path / "scores.csv", tmp_path / "rejected.csv")
    assert all(callable(getattr(dai_nifi, name)) for name in dai_nifi.__all__)
