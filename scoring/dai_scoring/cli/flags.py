"""Flags of commands, made from the table of options: the name, and the help with what each value does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import typer

from dai_scoring.options import Option, OptionType

_NO_MEANINGS: Mapping[Any, str] = MappingProxyType({})


def flag(
    option: Option[Any], *further: str, more: str = "", meanings: Mapping[Any, str] = _NO_MEANINGS, **settings: Any
) -> Any:
    """The typer.Option for an option; ``further`` are other spellings, ``more`` is added to its help.

    ``meanings`` says what values do in this command, if that is not what they do elsewhere.
    """
    if option.type in (OptionType.ENUM, OptionType.FORMAT):
        settings["case_sensitive"] = False
    values = ""
    if option.type is OptionType.ENUM:
        values = "; ".join(f"{one.word}: {meanings.get(one.value, one.meaning)}" for one in option.values)
    text = " ".join(part for part in (option.meaning, values and f"{values}.", more) if part)
    return typer.Option(str(option.flag), *further, help=text, **settings)
