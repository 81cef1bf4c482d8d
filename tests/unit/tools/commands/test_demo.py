"""The demonstration without its NiFi: the port it takes, and the commands that it says at its end."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from dai_nifi.commands import demo
from dai_nifi.demo import DemoResult, _http_port
from dai_nifi.errors import ConflictError
from tests.support.ports import free_port


def said(port: int) -> str:
    shown = DemoResult(
        f"http://127.0.0.1:{port}/nifi", "", Path("a b/demo"), Path("/java"), [{}], [], 348, 348, [], 1.5
    )
    written = io.StringIO()
    demo._render(Console(file=written), shown)
    return written.getvalue()


def test_commands_are_called_as_this_one_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [".venv/bin/dai-nifi", "demo", "start"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "  .venv/bin/dai-nifi status\n" in said(8080)
    assert ".venv/bin/dai-nifi nifi logs --dir 'a b/demo/nifi'\n" in said(8080)
    assert " .venv/bin/dai-nifi demo stop --dir 'a b/demo'\n" in said(8080)
    (tmp_path / "dai-nifi").touch(0o755)
    assert "  dai-nifi status\n" in said(8080)


def test_a_nifi_that_commands_would_not_look_at_is_named() -> None:
    assert " status --url http://127.0.0.1:8090\n" in said(8090)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_a_port_that_was_asked_for_and_is_taken_is_refused(taken: int, tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match="--http-port"):
        _http_port(tmp_path, taken, 8080, runs=True)
    free = free_port()
    assert _http_port(tmp_path, free, 8080, runs=False) == free
    with pytest.raises(ConflictError, match="--http-port"):
        _http_port(tmp_path, free, free, runs=False)


def test_the_port_of_before_is_kept_unless_another_program_has_it(taken: int, tmp_path: Path) -> None:
    (tmp_path / "http.port").write_text(str(taken))
    assert _http_port(tmp_path, None, 8080, runs=True) == taken
    assert _http_port(tmp_path, None, 8080, runs=False) != taken
    (tmp_path / "http.port").write_text(str(free := free_port()))
    assert _http_port(tmp_path, None, 8080, runs=False) == free
