"""Flags of commands, made from the table of options: the name, and the help with what each value does."""

from __future__ import annotations

from typing import Any

import typer

from dai_scoring.options import Option, OptionType


def flag(option: Option[Any], *further: str, more: str = "", **settings: Any) -> Any:
    """The typer.Option for an option; ``further`` are other spellings, ``more`` is added to its help."""
    if option.type in (OptionType.ENUM, OptionType.FORMAT):
        settings["case_sensitive"] = False
    values = "; ".join(f"{one.word}: {one.meaning}" for one in option.values) if option.type is OptionType.ENUM else ""
    text = " ".join(part for part in (option.meaning, values and f"{values}.", more) if part)
    return typer.Option(str(option.flag), *further, help=text, **settings)
