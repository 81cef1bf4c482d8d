"""A command that is interrupted before it has begun still says so."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import pytest
import typer

from dai_scoring.cli import ending, error_boundary, group


def _interrupted(_value: bool) -> None:
    raise KeyboardInterrupt


def _program() -> typer.Typer:
    app = typer.Typer(cls=group.Commands, name="program", **group.SETTINGS)

    @app.callback()
    def options(flag: Annotated[bool, typer.Option(callback=_interrupted)] = False) -> None:
        """Read the options that precede the command's name."""

    @app.command("work")
    def work(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
        """Do nothing."""

    return app


@pytest.mark.parametrize("arguments", [["work"], ["work", "--json"]])
def test_an_interrupt_while_the_command_line_is_read(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["program", *arguments])
    with pytest.raises(SystemExit) as ended:
        ending.run(_program(), error_boundary.as_tool_error)
    said = capsys.readouterr()
    assert ended.value.code == 130
    if "--json" in arguments:
        assert json.loads(said.out)["error"] == {"code": "cancelled", "message": ending.NOTHING_DONE}
    else:
        assert said.err == f"Error: {ending.NOTHING_DONE}\n"
