"""What is wrong with the value of an option: the value and where it is from, which releases of typer leave out."""

from __future__ import annotations

import os
from typing import Any


def explain(error: BaseException) -> None:
    """Complete the message of an error that typer raised for the value of an option; leave any other as it is."""
    parameter, problems = getattr(error, "param", None), getattr(error.__cause__, "errors", None)
    if parameter is None or not callable(problems):
        return
    problem = problems()[0]
    says = _words(problem)
    if says is None:
        return
    # Neither typer nor pydantic has public types for these.
    wrong: Any = error
    wrong.message = f"{str(problem['input'])!r} {says}."
    wrong.param_hint = f"'{_source(parameter, wrong.ctx)}'"


def _words(problem: dict[str, Any]) -> str | None:
    kind, limits = str(problem["type"]), problem.get("ctx") or {}
    if kind.startswith("int_"):
        return "is not a whole number"
    if kind.startswith("float_"):
        return "is not a number"
    if kind == "greater_than_equal":
        return f"is not {limits['ge']:g} or more"
    if kind == "less_than_equal":
        return f"is not {limits['le']:g} or less"
    return None


def _source(parameter: Any, context: Any) -> str:
    """The option as it is written, or the environment variable that gave the value."""
    source = context.get_parameter_source(parameter.name) if context is not None else None
    if getattr(source, "name", "") == "ENVIRONMENT":
        names = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar
        return next(name for name in names if os.environ.get(name))
    return str((parameter.opts or [parameter.human_readable_name])[0])
