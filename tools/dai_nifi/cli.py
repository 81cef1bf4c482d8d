"""The ``dai-nifi`` command: gathers the verbs and turns errors into messages and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from dai_nifi import faults, scoring
from dai_nifi.commands import (
    adopt,
    demo,
    deploy,
    doctor,
    flows,
    inspect,
    nars,
    nifi,
    pipeline,
    rollback,
    score,
    start,
    status,
    stop,
    swap,
    undeploy,
)
from dai_nifi.console import print_document
from dai_nifi.errors import CancelledError, ToolError, UsageError


class _Listing(TyperGroup):
    """A group of commands that its help lists with the whole of their first paragraph."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        rows = []
        for name in self.list_commands(ctx):
            text = self.commands[name].help or ""
            rows.append((name, " ".join(text.partition("\n\n")[0].split())))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class _Commands(_Listing):
    """All commands, with what typer and the system raise in them turned into the tool's own errors."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        if not _as_json():
            return super().main(*args, **kwargs)
        try:
            # What it returns is the code of typer.Exit: no command here returns anything.
            sys.exit(super().main(*args, **{**kwargs, "standalone_mode": False}))
        except Exception as error:
            # typer's own class of wrong options has no public name that all its releases share.
            says = getattr(error, "format_message", None)
            if says is None:
                raise
            raise UsageError(says()) from error

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            scoring.only_these(flag for parameter in command.params for flag in parameter.opts)
        return command

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            words = [*map(str, error.args), "Run the same command again to go on."]
            raise CancelledError(f"Interrupted. {' '.join(words)}") from error
        except BrokenPipeError:  # whoever read the output has enough; typer ends with 1, without a word
            raise
        except OSError as error:
            raise faults.as_tool_error(error) from error


app = typer.Typer(
    cls=_Commands,
    name="dai-nifi",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    # Plain help: in 80 columns the tables of rich cut the names of options and their values.
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from dai_nifi import __version__

        typer.echo(f"dai-nifi {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Run H2O Driverless AI and H2O-3 models inside Apache NiFi."""


app.add_typer(demo.app, name="demo", cls=_Listing)
app.add_typer(nifi.app, name="nifi", cls=_Listing)
app.add_typer(nars.app, name="nars", cls=_Listing)
app.add_typer(pipeline.app, name="pipeline", cls=_Listing)
app.command()(inspect.inspect)
app.command()(score.score)
app.add_typer(flows.app, name="flows", cls=_Listing)
app.command()(deploy.deploy)
app.command()(adopt.adopt)
app.command()(doctor.doctor)
app.command()(start.start)
app.command()(stop.stop)
app.command()(status.status)
app.command()(swap.swap)
app.command()(rollback.rollback)
app.command()(undeploy.undeploy)


def main() -> None:
    """Run the command line; ends with 0 or an exit code of :mod:`dai_nifi.errors`."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(report(CancelledError("Interrupted before anything was done.")))
    except Exception as error:  # noqa: BLE001 - no command ends with a traceback
        sys.exit(report(faults.as_tool_error(error)))


def _as_json() -> bool:
    return "--json" in sys.argv


def report(error: ToolError) -> int:
    """Print the error (as JSON where the command line asked for it) and return its exit code."""
    if _as_json():
        print_document(error.as_json())
    else:
        Console(stderr=True, highlight=False).print(f"Error: {error}", markup=False, style="red", soft_wrap=True)
    return error.exit_code
