"""Every command as somebody types it wrongly: a documented exit code, one JSON document, and never a traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main

import dai_nifi
import dai_scoring
from dai_nifi import cli, error_boundary
from dai_nifi.errors import NiFiUnreachableError, ToolError
from dai_nifi.flows import templates
from dai_nifi.flows.common import RUNTIMES
from tests.support.called import built
from tests.support.ports import free_port

EXIT_CODES = {ToolError.exit_code, *(kind.exit_code for kind in ToolError.__subclasses__())}
NOBODY = f"http://127.0.0.1:{free_port()}"
Captured = pytest.CaptureFixture[str]


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group by what is typed."""
    found = group or built(cli.app)
    yield path, found
    for name, one in getattr(found, "commands", {}).items():
        yield from commands(one, (*path, name))


EVERY = dict(commands())
VERBS = {path: one for path, one in EVERY.items() if not hasattr(one, "commands")}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("DAI_NIFI_URL", NOBODY)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """Run the command in this process; returns what it ends with."""
    monkeypatch.setattr(sys, "argv", ["dai-nifi", *map(str, arguments)])
    monkeypatch.setattr(typer.main, "get_command", built)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    code = ended.value.code
    return code if isinstance(code, int) else 0


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_help(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    texts = []
    for option in ("-h", "--help"):
        assert call(monkeypatch, *path, option) == 0
        texts.append(capsys.readouterr().out)
    assert "Usage: " in texts[0]
    assert texts[0] == texts[1]


def _choices(option: Any) -> list[str]:
    found = getattr(getattr(option, "type", None), "choices", None) or ()
    return [getattr(one, "value", one) for one in found]


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_help_is_whole_in_80_columns(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    call(monkeypatch, *path, "--help")
    told = capsys.readouterr().out
    words = " ".join(told.split())
    for one in EVERY[path].params:
        for name in one.opts:
            assert not name.startswith("-") or re.search(rf"(?<![\w-]){name}(?![\w-])", told), name
        assert all(f"|{choice}" in told or f"<{choice}" in told for choice in _choices(one))
    for name, one in getattr(EVERY[path], "commands", {}).items():
        assert f"{name} {' '.join((one.help or '').partition(chr(10) * 2)[0].split())}" in words
    assert "…" not in told
    assert not re.search(r"(?<![]}])\.{3}", told.replace("nars...", ""))


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_option_is_explained_and_has_both_spellings(path: tuple[str, ...]) -> None:
    for one in EVERY[path].params:
        names = set(one.opts)
        assert getattr(one, "help", None), (path, one.name)
        assert {name.replace("licence", "license") for name in names} <= names


def test_the_version(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert call(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"dai-nifi {version('nifi-dai-scoring')}\n"
    assert dai_nifi.__version__ == dai_scoring.__version__ == version("nifi-dai-scoring")


def test_the_shell_is_given_a_completion() -> None:
    code = "import sys; sys.argv[0] = 'dai-nifi'; from dai_nifi.__main__ import main; main()"
    environment = {"_DAI_NIFI_COMPLETE": "complete_bash", "COMP_WORDS": "dai-nifi sta", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["start", "status"], done.stderr


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
@pytest.mark.parametrize("wrong", ["gone", "folder", "text", "option"])
def test_wrong_input(path: tuple[str, ...], wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    Path("folder").mkdir()
    Path("text").write_text("no such thing\n")
    arguments: list[str] = []
    for one in VERBS[path].params:
        if one.param_type_name == "argument" and (one.required or one.name == "nars"):
            arguments.append(wrong)
        elif one.required:
            arguments += [one.opts[0], wrong]
        elif one.name in ("directory", "folder"):
            arguments += ["--dir", "text/below"]
        elif one.name == "output_folder":
            arguments += ["--output", "text"]
    if wrong == "option" or path == ("flows", "list"):
        arguments.append("--nonsense")
    text_code = call(monkeypatch, *path, *arguments)
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    assert told.err
    assert call(monkeypatch, *path, *arguments, "--json") == text_code
    assert text_code in EXIT_CODES - {1, 15}, told.err
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["message"]
    assert printed.err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nars", "install", "rows.csv"], 2, "is no NiFi archive"),
        (["nars", "install", "folder"], 5, "is a folder"),
        (["nars", "build", "--output", "rows.csv"], 2, "--output wants a folder"),
        (["deploy", "nothing"], 5, "The flows are:"),
        (["deploy", "batch-files", "--model", "gone.mojo"], 5, "--model"),
        (["deploy", "batch-files", "--param", "nothing=1"], 2, "has no parameter"),
        (["swap", "any", "--model", "gone.mojo"], 5, "--model"),
        (["swap", "any", "--model", "rows.csv", "--check", "gone.csv"], 5, "--check"),
        (["swap", "any", "--model", "rows.csv", "--of", "nobody"], 2, "--of nobody"),
        (["rollback", "any", "--of", "nobody"], 2, "--of nobody"),
        (["inspect", "rows.csv", "--license-file", "gone"], 5, "--licence-file"),
        (["inspect", "rows.csv", "--mojo-runtime", "gone"], 5, "--mojo-runtime"),
        (["inspect", "rows.csv", "--jvm-options", "'"], 2, "--jvm-options"),
        (["nifi", "start", "--heap", "lots"], 2, "--heap lots"),
        (["nifi", "start", "--python", "gone"], 3, "--python"),
        (["score", "-m", "rows.csv", "rows.csv", "out.csv", "--mojo-runtime", "gone"], 5, "--mojo-runtime"),
        (["score", "-m", "rows.csv", "rows.csv", "out.csv", "--jvm-options", "'"], 2, "--jvm-options"),
        (["score", "-m", "rows.csv", "rows.csv", "out.csv", "--output-columns", "ids"], 2, "--id-columns"),
    ],
)
def test_what_is_wrong_here_is_told_before_nifi_is_asked(
    arguments: list[str], code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    Path("folder").mkdir()
    Path("rows.csv").write_text("a\n1\n")
    assert call(monkeypatch, *arguments) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("runtime", [None, *RUNTIMES])
@pytest.mark.parametrize("flow", templates.TEMPLATES)
def test_the_command_takes_every_parameter_of_a_flow(
    flow: str, runtime: str | None, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    given = [] if runtime is None else ["--runtime", runtime]
    each = [templates.template(flow).with_runtime(one) for one in ([runtime] if runtime else RUNTIMES)]
    values = {one.name: one.default for template in each for one in template.parameters if one.default}
    parameters = [word for name, value in values.items() for word in ("--param", f"{name}={value}")]
    # It gets as far as to the NiFi that is not there.
    assert call(monkeypatch, "deploy", flow, *given, *parameters) == NiFiUnreachableError.exit_code
    capsys.readouterr()
    assert call(monkeypatch, "deploy", flow, *given, "--param", "workers=many") == 2
    said = capsys.readouterr().err
    assert ("has no parameter 'workers'" in said) == (runtime == "java")


def test_a_fault_of_the_tool_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path) -> None:
    secret = " ".join(["value", "of", "a", "row"])

    def broken() -> None:
        raise KeyError(secret)

    monkeypatch.setattr("dai_nifi.flows.catalogue.list_flows", broken)
    monkeypatch.setenv("DAI_NIFI_CACHE", str(tmp_path / "cache"))
    for more in ([], ["--json"]):
        assert call(monkeypatch, "flows", "list", *more) == 15
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        kept = (tmp_path / "cache" / "last-error.log").read_text()
        assert "in broken" in kept
        assert secret not in kept + told.out + told.err
    error = json.loads(told.out)["error"]
    assert (error["code"], "KeyError" in error["message"]) == ("internal", True)
    monkeypatch.setenv(error_boundary.DEBUG, "1")
    call(monkeypatch, "flows", "list")
    assert "Traceback" in capsys.readouterr().err
