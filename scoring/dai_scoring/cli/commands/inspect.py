"""``dai-score inspect``: shows what a model file is, and which columns it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file, check_folder
from dai_scoring.cli.commands.pipeline import PythonCommandOption, PythonEnvironmentOption
from dai_scoring.cli.commands.words import jvm_words
from dai_scoring.cli.console import JsonOption, Output
from dai_scoring.cli.flags import flag
from dai_scoring.cli.opening import opened
from dai_scoring.model_file import Kind
from dai_scoring.models import Runtime
from dai_scoring.options import JVM_OPTIONS, MODEL, MOJO_RUNTIME, RUNTIME
from dai_scoring.scorer import PipelineSettings, Scorer


def inspect(
    model: Annotated[Path, typer.Argument(help=MODEL.meaning)],
    runtime: Annotated[Runtime, flag(RUNTIME)] = Runtime.AUTO,
    accept_h2o_licence: AcceptLicenceOption = False,
    licence_file: LicenceFileOption = None,
    jvm_options: Annotated[str, flag(JVM_OPTIONS)] = "",
    mojo_runtime: Annotated[Path | None, flag(MOJO_RUNTIME)] = None,
    python_environment: PythonEnvironmentOption = None,
    python_command: PythonCommandOption = PipelineSettings.python_command,
    as_json: JsonOption = False,
) -> None:
    """Show a model's kind, id, runtime, input and output columns, and capabilities."""
    output = Output(as_json)
    check_file("--licence-file", licence_file)
    check_folder("--mojo-runtime", mojo_runtime)
    with (
        output.progress("Loading the model") as progress,
        opened(
            model,
            progress,
            runtime,
            accept_h2o_licence,
            licence_file,
            jvm_words(jvm_options),
            mojo_runtime,
            PipelineSettings(python_environment, python_command=python_command),
        ) as scorer,
    ):
        about = described(scorer)
    output.result(about, lambda console: _render(console, about))


def described(scorer: Scorer) -> dict[str, Any]:
    """A model's description as values for JSON."""
    info = scorer.info
    return {
        "id": info.id,
        "kind": info.kind,
        "runtime": info.runtime,
        "runtime_version": info.runtime_version,
        "sha256": info.sha256,
        "created": info.created.isoformat() if info.created else None,
        "inputs": [{"name": c.name, "type": c.type.value, "missing": sorted(c.missing)} for c in info.inputs],
        "outputs": [{"name": c.name, "type": c.type.value} for c in info.outputs],
        "notes": list(info.notes),
        "counts_unseen_levels": info.kind == Kind.H2O3_MOJO.value,
        "capabilities": sorted(capability.value for capability in scorer.capabilities),
    }


def _render(console: Console, about: dict[str, Any]) -> None:
    for name in ("kind", "id", "created", "runtime", "sha256"):
        value = f"{about['runtime']} {about['runtime_version']}" if name == "runtime" else about[name]
        console.print(f"{name:<9}{value}", markup=False, soft_wrap=True)
    columns = Table("Column", "Type", "Means missing, besides null and empty text")
    for column in about["inputs"]:
        columns.add_row(column["name"], column["type"], " ".join(text for text in column["missing"] if text))
    predictions = Table("Prediction", "Type")
    for column in about["outputs"]:
        predictions.add_row(column["name"], column["type"])
    console.print(columns)
    console.print(predictions)
    console.print(f"can      {', '.join(about['capabilities'])}")
    seen = (
        "counted by column" if about["counts_unseen_levels"] else "unknown: this runtime does not know a model's levels"
    )
    console.print(f"levels that the model has never seen: {seen}", markup=False, soft_wrap=True)
    for note in about["notes"]:
        console.print(f"note     {note}", markup=False, soft_wrap=True)
