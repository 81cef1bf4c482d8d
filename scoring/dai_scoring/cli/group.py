"""A group of commands: turns all that is raised in them into messages and exit codes."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from dai_scoring.cli import error_boundary, opening, wrong_values
from dai_scoring.cli.ending import NOTHING_DONE, as_json
from dai_scoring.cli.errors import CancelledError, UsageError

SETTINGS: dict[str, Any] = {
    "no_args_is_help": True,
    "context_settings": {"help_option_names": ["-h", "--help"]},
    "pretty_exceptions_enable": False,
    # Plain help: in 80 columns the tables of rich cut the names of options and their values.
    "rich_markup_mode": None,
}
"""How every program's typer.Typer is made."""


class CommandGroup(TyperGroup):
    """A group of commands; its help shows the whole first paragraph of each."""

    def command_named(self, ctx: Any, name: str) -> Any:
        """The command of that name, None if there is none."""
        return super().get_command(ctx, name)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, after saying which flags it has."""
        command = self.command_named(ctx, cmd_name)
        if command is not None:
            opening.set_known_flags(flag for parameter in command.params for flag in parameter.opts)
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        rows = []
        for name in self.list_commands(ctx):
            text = self.command_named(ctx, name).help or ""
            rows.append((name, " ".join(text.partition("\n\n")[0].split())))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class Commands(CommandGroup):
    """All commands of a program, with what typer and the system raise in them turned into errors with exit codes.

    Another package adds a command by an entry point named like it, in the group of :attr:`entry_points`, that gives a
    ``typer.Typer``. It is imported when the command is named, or listed.
    """

    entry_points = ""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands, those that other packages add last."""
        return [*super().list_commands(ctx), *self._added()]

    def command_named(self, ctx: Any, name: str) -> Any:
        """The command of that name, also one that another package adds; None if there is none."""
        command = super().command_named(ctx, name)
        if command is None and (added := self._added().get(name)) is not None:
            command = self.commands[name] = typer.main.get_command(added.load())
        return command

    def _added(self) -> dict[str, EntryPoint]:
        return {one.name: one for one in entry_points(group=self.entry_points)} if self.entry_points else {}

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line."""
        if not as_json():
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

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the options that precede the command's name; typer itself would end without a message if interrupted."""
        try:
            return super().make_context(*args, **kwargs)
        except KeyboardInterrupt as error:
            raise CancelledError(NOTHING_DONE) from error

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            words = [*map(str, error.args), "Run the same command again to go on."]
            raise CancelledError(f"Interrupted. {' '.join(words)}") from error
        except BrokenPipeError:  # whoever read the output has enough; typer ends with 1, without a word
            raise
        except OSError as error:
            raise error_boundary.of_system(error) from error
        except Exception as error:
            wrong_values.explain(error)
            raise


def version_option(name: str) -> Any:
    """The option --version of a program of that name."""

    def show(wanted: bool) -> None:
        if wanted:
            from dai_scoring import __version__

            typer.echo(f"{name} {__version__}")
            raise typer.Exit

    return typer.Option("--version", callback=show, is_eager=True, help="Show the version and exit.")
