"""``dai-nifi score``: the processors' scoring on a file, without NiFi."""

from __future__ import annotations

import shlex
import shutil
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from dai_nifi import interrupts
from dai_nifi.commands.pipeline import PythonCommandOption, PythonEnvironmentOption
from dai_nifi.console import JsonOption, Output
from dai_nifi.errors import NotFoundError
from dai_nifi.jars import LICENCE_NOTE
from dai_nifi.scoring import opened
from dai_scoring.files import FileOptions, Summary, score_file
from dai_scoring.formats import Format
from dai_scoring.models import Runtime
from dai_scoring.options import BadRows, Contributions, MissingColumns, OutputColumns, Wanted
from dai_scoring.scorer import PipelineSettings
from dai_scoring.unseen import in_words

_EXTENSIONS = {
    ".csv": Format.CSV,
    ".json": Format.JSON_ARRAY,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".avro": Format.AVRO,
    ".parquet": Format.PARQUET,
    ".arrows": Format.ARROW_STREAM,
    ".arrow": Format.ARROW_FILE,
}


class Columns(str, Enum):
    """Short words for what a scored record has."""

    ALL = "all"
    IDS = "ids"
    PREDICTIONS = "predictions"


def score(
    model: Annotated[
        Path, typer.Option("--model", "-m", help="A MOJO of Driverless AI or H2O-3, or a Python scoring pipeline.")
    ],
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file of records.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write; - for standard output.")],
    runtime: Annotated[Runtime, typer.Option(help="The runtime to use.")] = Runtime.AUTO,
    rejected: Annotated[
        Path | None, typer.Option(help="For rows that cannot be scored. Default: OUT with .rejected in its name.")
    ] = None,
    output_columns: Annotated[
        Columns, typer.Option(help="Input and predictions, ids and predictions, or these alone.")
    ] = Columns.ALL,
    id_columns: Annotated[str, typer.Option(help="Columns to keep with 'ids', separated by commas.")] = "",
    prefix: Annotated[str, typer.Option(help="Put before the name of every prediction.")] = "",
    contributions: Annotated[
        Contributions, typer.Option(help="Shapley values of the input columns, or of the model's features.")
    ] = Contributions.NONE,
    intervals: Annotated[bool, typer.Option("--intervals", help="The bounds of prediction intervals.")] = False,
    missing_columns: Annotated[str, typer.Option(help="fail, or as-missing.")] = "fail",
    bad_rows: Annotated[str, typer.Option(help="reject, or fail.")] = "reject",
    input_format: Annotated[Format | None, typer.Option(help="Default: found out.")] = None,
    output_format: Annotated[Format | None, typer.Option(help="Default: OUT's extension, else the input's.")] = None,
    batch_rows: Annotated[int, typer.Option(min=1, help="Rows scored at a time.")] = FileOptions.batch_rows,
    accept_h2o_licence: Annotated[bool, typer.Option("--accept-h2o-licence", help=LICENCE_NOTE)] = False,
    licence_file: Annotated[Path | None, typer.Option(help="The Driverless AI licence file.")] = None,
    jvm_options: Annotated[str, typer.Option(help="Options of the Java virtual machine.")] = "",
    mojo_runtime: Annotated[Path | None, typer.Option(help="A folder with the jars of H2O's MOJO runtime.")] = None,
    python_environment: PythonEnvironmentOption = None,
    python_command: PythonCommandOption = PipelineSettings.python_command,
    as_json: JsonOption = False,
) -> None:
    """Score a file of records: the same formats, rules and numbers as the processors in NiFi."""
    output = Output(as_json)
    if not source.is_file():
        raise NotFoundError(f"there is no file {source}")
    options = FileOptions(
        input_format=input_format,
        output_format=output_format or _EXTENSIONS.get(target.suffix.lower()),
        output_columns=OutputColumns[output_columns.name],
        id_columns=tuple(name.strip() for name in id_columns.split(",") if name.strip()),
        prediction_prefix=prefix,
        missing_columns=_choice("--missing-columns", missing_columns, _MISSING),
        bad_rows=_choice("--bad-rows", bad_rows, _BAD),
        batch_rows=batch_rows,
        wanted=Wanted(contributions, intervals),
    )
    to_stdout = str(target) == "-"
    beside = rejected or (
        Path(source.stem + ".rejected" + source.suffix)
        if to_stdout
        else target.with_name(target.stem + ".rejected" + target.suffix)
    )
    with (
        output.progress("Scoring") as progress,
        opened(
            model,
            progress,
            runtime,
            accept_h2o_licence,
            licence_file,
            tuple(shlex.split(jvm_options)),
            mojo_runtime,
            PipelineSettings(python_environment, python_command=python_command),
        ) as scorer,
        # In a folder of its own until it is complete: a failure leaves no half of a file behind.
        interrupts.temporary_folder(".dai-score-", None if to_stdout else _folder(target)) as folder,
    ):
        progress(f"scoring {source.name}", None)
        made, bad = folder / "target", folder / "rejected"
        summary = score_file(scorer, source, made, bad, options, name=source.name)
        if bad.exists():
            shutil.move(bad, beside)
        if to_stdout:
            with made.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
        else:
            shutil.move(made, target)
    _report(output, summary, target, beside, to_stdout)


_MISSING = {"fail": MissingColumns.FAIL, "as-missing": MissingColumns.AS_MISSING}
_BAD = {"reject": BadRows.REJECT, "fail": BadRows.FAIL}


def _choice(option: str, word: str, choices: dict[str, Any]) -> Any:
    if word not in choices:
        raise typer.BadParameter(f"{option} is one of: {', '.join(choices)}")
    return choices[word]


def _folder(target: Path) -> Path:
    if not target.absolute().parent.is_dir():
        raise NotFoundError(f"there is no folder {target.absolute().parent} to write {target.name} into")
    return target.absolute().parent


def _report(output: Output, summary: Summary, target: Path, beside: Path, to_stdout: bool) -> None:
    where = beside if summary.rejected else None
    text = f"{summary.scored} of {summary.records} records scored in {summary.seconds:.2f} s"
    if where is not None:
        text += f"; {summary.rejected} rejected, with the reasons: {where}"
    if summary.unseen:
        text += f"; levels that the model has never seen, by column: {in_words(summary.unseen)}"
    if to_stdout:
        output.say(text)
        return
    value = {
        "records": summary.records,
        "scored": summary.scored,
        "rejected": summary.rejected,
        "rejected_file": where,
        "unseen": None if summary.unseen is None else dict(summary.unseen),
        "output": target,
        "input_format": summary.input_format and summary.input_format.value,
        "output_format": summary.output_format and summary.output_format.value,
        "seconds": round(summary.seconds, 6),
    }

    def render(console: Console) -> None:
        console.print(f"{target}: {text}", markup=False, soft_wrap=True)

    output.result(value, render)
