"""The options that the commands of all brokers have, and what they mean for the library."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from dai_routes.stream.messages.formats import MessageFormat
from dai_scoring import options
from dai_scoring.batch.options import FileOptions
from dai_scoring.cli.commands.licence import AcceptLicenceOption, LicenceFileOption
from dai_scoring.cli.commands.paths import check_file, check_folder, check_model
from dai_scoring.cli.commands.pipeline import PythonCommandOption, PythonEnvironmentOption
from dai_scoring.cli.commands.words import id_names, jvm_words
from dai_scoring.cli.errors import UsageError
from dai_scoring.cli.flags import flag
from dai_scoring.models import Runtime
from dai_scoring.options import Contributions, MissingColumns, OutputColumns, Wanted
from dai_scoring.scorer import PipelineSettings, RuntimeSettings
from dai_scoring.values import missing


@dataclass(frozen=True, kw_only=True)
class Common:
    """The options of all brokers. Their names are those of the flags."""

    model: Annotated[Path, flag(options.MODEL, "-m")]
    source: Annotated[str, typer.Option("--input", help="The topic, queue or stream to read.")]
    target: Annotated[str, typer.Option("--output", help="Where scored messages go.")]
    rejected: Annotated[
        str | None,
        typer.Option(
            help="Where messages go that cannot be scored, with the reason. Default: the input with -rejected."
        ),
    ] = None
    message_format: Annotated[
        MessageFormat,
        typer.Option("--format", help="What a message is: one record of this format.", case_sensitive=False),
    ] = MessageFormat.JSON
    csv_columns: Annotated[
        str, typer.Option(help="For --format csv: the columns of a message, separated by commas.")
    ] = ""
    schema_registry: Annotated[
        str | None,
        typer.Option(
            help="For --format avro: the address of the schema registry, for messages that begin with a schema id. "
            "Set its user and password as DAI_SCHEMA_REGISTRY_USER and DAI_SCHEMA_REGISTRY_PASSWORD."
        ),
    ] = None
    max_batch: Annotated[
        int, typer.Option(min=1, help="How many messages are scored and published together, at most.")
    ] = 2000
    max_deliveries: Annotated[
        int,
        typer.Option(min=1, help="How often a message is tried that ends the worker; then it is rejected unscored."),
    ] = 5
    drain: Annotated[bool, typer.Option("--drain", help="End when no message waits.")] = False
    broker_timeout: Annotated[
        float, typer.Option(min=1, help="How long to wait for a broker that does not answer, in seconds.")
    ] = 60.0
    stall_timeout: Annotated[
        float,
        typer.Option(min=1, help="End with 16 if one call of the broker's client takes longer than this, in seconds."),
    ] = 180.0
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Answer /metrics, /readyz and /livez at this port.")
    ] = None
    metrics_host: Annotated[str, typer.Option(help="The address for --metrics-port.")] = "127.0.0.1"
    runtime: Annotated[Runtime, flag(options.RUNTIME)] = Runtime.AUTO
    output_columns: Annotated[OutputColumns, flag(options.OUTPUT_COLUMNS)] = options.OUTPUT_COLUMNS.default
    id_columns: Annotated[str, flag(options.ID_COLUMNS)] = ""
    prefix: Annotated[str, flag(options.PREDICTION_PREFIX)] = options.PREDICTION_PREFIX.default
    contributions: Annotated[Contributions, flag(options.CONTRIBUTIONS)] = options.CONTRIBUTIONS.default
    intervals: Annotated[bool, flag(options.INTERVALS)] = options.INTERVALS.default
    missing_columns: Annotated[MissingColumns, flag(options.MISSING_COLUMNS)] = options.MISSING_COLUMNS.default
    missing_values: Annotated[str, flag(options.MISSING_VALUES)] = ""
    accept_h2o_licence: AcceptLicenceOption = False
    licence_file: LicenceFileOption = None
    jvm_options: Annotated[str, flag(options.JVM_OPTIONS)] = ""
    mojo_runtime: Annotated[Path | None, flag(options.MOJO_RUNTIME)] = None
    python_environment: PythonEnvironmentOption = None
    python_command: PythonCommandOption = PipelineSettings.python_command

    @property
    def rejects_to(self) -> str:
        """Where rejected messages go."""
        return self.rejected or f"{self.source}-rejected"

    @property
    def columns_of_csv(self) -> tuple[str, ...] | None:
        """The columns of messages of CSV; None for other formats."""
        return tuple(name.strip() for name in self.csv_columns.split(",")) if self.csv_columns else None

    def check(self) -> None:
        """Raise ToolError for what does not go together, or is not there."""
        check_model("--model", self.model)
        check_file("--licence-file", self.licence_file)
        check_folder("--mojo-runtime", self.mojo_runtime)
        if bool(self.csv_columns) != (self.message_format is MessageFormat.CSV):
            raise UsageError("--format csv and --csv-columns go together: give both.")
        names = self.columns_of_csv or ()
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise UsageError(f"--csv-columns has {', '.join(twice)} more than once.")
        if self.schema_registry and self.message_format is not MessageFormat.AVRO:
            raise UsageError("--schema-registry is for --format avro.")
        if self.source in (self.target, self.rejects_to):
            raise UsageError("--input must differ from --output and --rejected.")

    def check_columns(self, inputs: Sequence[str]) -> None:
        """Raise UsageError if messages of CSV cannot have what each needs: every one would be rejected."""
        if self.columns_of_csv is None:
            return
        ids = id_names(self.id_columns, self.output_columns)
        wanted = (*(inputs if self.missing_columns is MissingColumns.FAIL else ()), *ids)
        if lacking := [name for name in dict.fromkeys(wanted) if name not in self.columns_of_csv]:
            raise UsageError(
                f"--csv-columns lacks {', '.join(lacking)}, so every message would be rejected. Name all columns of a "
                "line, in their order."
            )

    def record_options(self) -> FileOptions:
        """What the output has."""
        return FileOptions(
            output_columns=self.output_columns,
            id_columns=id_names(self.id_columns, self.output_columns),
            prediction_prefix=self.prefix,
            missing_columns=self.missing_columns,
            missing_values=missing.parse(self.missing_values),
            wanted=Wanted(self.contributions, self.intervals),
        )

    def runtime_settings(self) -> RuntimeSettings:
        """How the model runs."""
        return RuntimeSettings(
            licence_key=os.environ.get("DRIVERLESS_AI_LICENSE_KEY"),
            licence_file=self.licence_file,
            jvm_options=jvm_words(self.jvm_options),
            mojo_runtime=self.mojo_runtime,
            accept_h2o_licence=self.accept_h2o_licence,
            pipeline=PipelineSettings(self.python_environment, python_command=self.python_command),
        )


def with_common(command: Callable[..., None]) -> Callable[..., None]:
    """A command of typer that has the options of :class:`Common` besides its own, which takes them as ``common``."""
    own = inspect.signature(command, eval_str=True).parameters
    hints = get_type_hints(Common, include_extras=True)
    fields = dataclasses.fields(Common)
    shared = [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=hints[one.name],
            default=inspect.Parameter.empty if one.default is dataclasses.MISSING else one.default,
        )
        for one in fields
    ]
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, one in own.items() if name != "common"]

    @functools.wraps(command)
    def called(**given: Any) -> None:
        command(common=Common(**{one.name: given.pop(one.name) for one in fields}), **given)

    # The options that all have come between those that must be given and the others.
    required = [one for one in [*shared, *parameters] if one.default is inspect.Parameter.empty]
    rest = [one for one in [*parameters, *shared] if one.default is not inspect.Parameter.empty]
    signature = inspect.Signature([*required, *rest])
    called.__signature__ = signature  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in [*required, *rest]}
    return called
