"""The ``dai-nifi`` command: gathers the verbs and turns errors into messages and exit codes."""

from __future__ import annotations

import errno
import sys
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

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
from dai_nifi.errors import CancelledError, PrerequisiteError, ToolError, UsageError


class _Commands(TyperGroup):
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

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            words = [*map(str, error.args), "Run the same command again to go on."]
            raise CancelledError(f"Interrupted. {' '.join(words)}") from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read the output has enough; typer's business
                raise
            raise _translated(error) from error


app = typer.Typer(
    cls=_Commands,
    name="dai-nifi",
    help="Run H2O Driverless AI and H2O-3 models inside Apache NiFi.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(demo.app, name="demo")
app.add_typer(nifi.app, name="nifi")
app.add_typer(nars.app, name="nars")
app.add_typer(pipeline.app, name="pipeline")
app.command()(inspect.inspect)
app.command()(score.score)
app.add_typer(flows.app, name="flows")
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
    except ToolError as error:
        sys.exit(report(error))
    except KeyboardInterrupt:
        sys.exit(report(CancelledError("Interrupted before anything was done.")))


def _as_json() -> bool:
    return "--json" in sys.argv


def _translated(error: OSError) -> ToolError:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PrerequisiteError(
            f"The disk is full{where}. Make room, or name a folder on a larger disk: DAI_NIFI_CACHE for what is "
            "downloaded and assembled, --dir for NiFi, TMPDIR for the rest. Then the same command again."
        )
    return ToolError(f"{error.strerror or type(error).__name__}{where}.")


def report(error: ToolError) -> int:
    """Print the error (as JSON where the command line asked for it) and return its exit code."""
    if _as_json():
        sys.stdout.write(error.as_json() + "\n")
    else:
        Console(stderr=True, highlight=False).print(f"Error: {error}", markup=False, style="red", soft_wrap=True)
    return error.exit_code
