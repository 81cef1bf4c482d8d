"""What the demonstration says at its end, in commands that can be typed as they stand."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from dai_nifi.commands import demo
from dai_nifi.demo import Shown


def said(port: int) -> str:
    shown = Shown(f"http://127.0.0.1:{port}/nifi", "", Path("a b/demo"), Path("/java"), [{}], [], 348, 348, [], 1.5)
    written = io.StringIO()
    demo._render(Console(file=written), shown)
    return written.getvalue()


def test_commands_are_called_as_this_one_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [".venv/bin/dai-nifi", "demo", "start"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "  .venv/bin/dai-nifi status\n" in said(8080)
    assert ".venv/bin/dai-nifi nifi logs --dir 'a b/demo/nifi'\n" in said(8080)
    (tmp_path / "dai-nifi").touch(0o755)
    assert "  dai-nifi status\n" in said(8080)


def test_a_nifi_that_commands_would_not_look_at_is_named() -> None:
    assert " status --url http://127.0.0.1:8090\n" in said(8090)
