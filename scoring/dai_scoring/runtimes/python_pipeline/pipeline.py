"""Driverless AI Python scoring pipelines, in worker processes inside the pipeline's own environment.

Source of the behaviour: the example.py that Driverless AI exports with the wheel. Contributions are exact
(``fast_approx`` is left off) and in margin space, so that they add up to the prediction before its link function.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from dai_scoring.engine import CONTRIBUTION_CAPABILITY, Capability, ModelInfo, Predicted
from dai_scoring.errors import ModelError, PipelineError, UnsupportedError
from dai_scoring.messages import without_values
from dai_scoring.model_file import Kind
from dai_scoring.options import Contributions, Wanted
from dai_scoring.progress import Progress
from dai_scoring.runtimes import driverless_ai
from dai_scoring.runtimes.python_pipeline import environment
from dai_scoring.runtimes.python_pipeline.child import child
from dai_scoring.runtimes.python_pipeline.environment import Interpreter
from dai_scoring.runtimes.python_pipeline.pipeline_file import PipelineFile, read
from dai_scoring.runtimes.workers import wire
from dai_scoring.runtimes.workers.pool import Pool
from dai_scoring.runtimes.workers.process import Worker, WorkerDied, WorkerSlow
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import RuntimeSettings

RUNTIME = "scoring pipeline (Python)"

_PROGRAM = Path(child.__file__)
_ADVICE = (
    "The rows may be more than it can take at once, take too long, or hold a value that breaks the pipeline's code.",
    "Set {batch_rows} lower.",
    "Or set a longer {score_timeout}.",
)

# Driverless AI's own list, as in the example.py that it exports.
_LARGEST = "1.7976931348623157e+308"
_MISSING = frozenset({"", "?", "None", "nan", "NA", "N/A", "unknown", "inf", "-inf", _LARGEST, f"-{_LARGEST}"})
_SWITCHES = {
    Capability.CONTRIBUTION_ORIGINAL: "original",
    Capability.CONTRIBUTION_TRANSFORMED: "transformed",
    Capability.PREDICTION_INTERVAL: "intervals",
}
_OUTPUT_TYPES = {
    pa.float32(): ColumnType.FLOAT32,
    pa.float64(): ColumnType.FLOAT64,
    pa.int32(): ColumnType.INT32,
    pa.int64(): ColumnType.INT64,
    pa.bool_(): ColumnType.BOOL,
    pa.string(): ColumnType.STR,
}


def load(path: Path, kind: Kind, settings: RuntimeSettings, progress: Progress) -> PythonPipeline:
    """Start a worker with the pipeline, in an environment that is made if need be; raises ModelError."""
    driverless_ai.check_licence_file(settings.licence_file)
    pipeline = read(path)
    return PythonPipeline(pipeline, environment.make(pipeline, settings.pipeline, progress), settings)


class PythonPipeline:
    """A loaded scoring pipeline: an :class:`dai_scoring.engine.Engine`."""

    def __init__(self, pipeline: PipelineFile, python: Interpreter, settings: RuntimeSettings) -> None:
        self._pipeline = pipeline
        self._python = python
        self._settings = settings
        own = settings.pipeline
        self._pool = Pool(lambda: self._start()[0], settings.workers or 1, own.score_timeout, _ADVICE)
        worker, about = self._start()
        self._pool.add(worker)
        try:
            self._switches = frozenset(about["switches"])
            self._inputs = [self._input(name) for name in about["names"]]
            self._untyped = [name not in pipeline.examples for name in about["names"]]
            self._supported: dict[Capability, pa.Schema | None] = {}
            self._lock = threading.Lock()
            self._schema = self._learned("predictions")
            self._info = ModelInfo(
                id=pipeline.id,
                kind=Kind.SCORING_PIPELINE.value,
                runtime=RUNTIME,
                runtime_version=about["python"],
                sha256=pipeline.digest,
                created=pipeline.created,
                inputs=tuple(self._inputs),
                outputs=tuple(Column(field.name, _OUTPUT_TYPES[field.type]) for field in self._schema),
            )
        except BaseException:
            self._pool.close()
            raise

    @property
    def info(self) -> ModelInfo:
        """The loaded pipeline's description; the runtime's version is that of its Python."""
        return self._info

    def supports(self, capability: Capability) -> bool:
        """What its Scorer has an argument for, and gives for a row."""
        return capability is Capability.SCORE or self._schema_of(capability) is not None

    def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
        """Score whole columns: see :class:`dai_scoring.engine.Engine`. As many at once as there are workers."""
        asked = [("predictions", self._schema)]
        if wanted.contributions is not Contributions.NONE:
            asked.append(self._further(CONTRIBUTION_CAPABILITY[wanted.contributions]))
        if wanted.intervals:
            asked.append(self._further(Capability.PREDICTION_INTERVAL))
        refused: list[tuple[int, str]] = []
        made = [schema.empty_table() for _, schema in asked]
        if rows:
            answer = self._ask(columns, [what for what, _ in asked])
            refused = [(row, reason) for row, reason in answer.header["refused"]]
            if len(refused) < rows:
                tables = wire.tables(answer)
                made = [_as(table, schema) for table, (_, schema) in zip(tables, asked, strict=True)]
        contributions = made[1] if wanted.contributions is not Contributions.NONE else None
        return Predicted(made[0], contributions, made[-1] if wanted.intervals else None, refused)

    def parse_time(self, column: str, text: str) -> int | None:
        """Nothing: times go to the pipeline as the text that they are."""
        return None

    def close(self) -> None:
        """End the workers."""
        self._pool.close()

    def _input(self, name: str) -> Column:
        example = self._pipeline.examples.get(name)
        return Column(name, example.type if example else ColumnType.STR, _MISSING)

    def _start(self) -> tuple[Worker, dict[str, Any]]:
        """A worker that is ready, and what it says of the pipeline."""
        try:
            command = [str(self._python.path), "-E", "-u", str(_PROGRAM)]
            worker = Worker(command, [self._pipeline.module], driverless_ai.licence_environment(self._settings))
        except OSError as error:
            raise ModelError(f"no worker can be started with {self._python.path}: {error.strerror}") from error
        try:
            about = worker.wait_until_ready(self._settings.pipeline.start_timeout).header
        except WorkerSlow as error:
            worker.end()
            raise ModelError(
                f"the scoring pipeline {self._pipeline.path} does not start: the worker {error}.",
                "start_timeout",
                advice=("Set a longer {start_timeout}.",),
            ) from None
        except WorkerDied as error:
            printed = worker.output().strip().splitlines()[-5:]
            worker.end()
            raise self._load_error(f"the worker {error}", "; ".join(printed)) from None
        if "error" in about:
            worker.end()
            raise self._load_error(about["error"], "")
        return worker, about

    def _load_error(self, reason: str, printed: str) -> ModelError:
        path = self._pipeline.path
        if "license" in f"{reason} {printed}".lower():
            problem = "needs a Driverless AI licence, and none that it accepts was found"
            return driverless_ai.licence_error(path, problem, self._settings)
        said = f" It printed: {printed}" if printed else ""
        return ModelError(f"the scoring pipeline {path} does not start: {reason}.{said}")

    def _learned(self, what: str) -> pa.Schema:
        """The columns that the pipeline gives, from a row without values, or else from the example's."""
        empty = [pa.nulls(1, column.type.arrow) for column in self._inputs]
        problem = ""
        for columns in (empty, self._example_row()):
            try:
                answer = self._ask(columns, ["predictions", what] if what != "predictions" else [what])
            except PipelineError as error:
                problem = str(error)
                continue
            if not answer.header["refused"]:
                found = wire.tables(answer)[-1]
                return _without(found, self._schema.names).schema if what == "intervals" else found.schema
            problem = answer.header["refused"][0][1]
        raise ModelError(f"the scoring pipeline {self._pipeline.path} scores no row, not even its example's: {problem}")

    def _example_row(self) -> list[pa.Array]:
        values = {name: example.value for name, example in self._pipeline.examples.items()}
        return [
            pa.array([values.get(column.name)], pa.string()).cast(column.type.arrow)
            if column.type is not ColumnType.BOOL
            else pa.nulls(1, pa.bool_())
            for column in self._inputs
        ]

    def _schema_of(self, capability: Capability) -> pa.Schema | None:
        with self._lock:
            if capability not in self._supported:
                found = None
                if _SWITCHES[capability] in self._switches:
                    try:
                        found = self._learned(_SWITCHES[capability])
                    except ModelError:
                        found = None
                self._supported[capability] = found if found is not None and len(found) else None
            return self._supported[capability]

    def _further(self, capability: Capability) -> tuple[str, pa.Schema]:
        schema = self._schema_of(capability)
        if schema is None:
            raise UnsupportedError(f"the pipeline cannot be asked for {capability.value}")
        return _SWITCHES[capability], schema

    def _ask(self, columns: Sequence[pa.Array], wanted: Sequence[str]) -> wire.WorkerReply:
        names = [column.name for column in self._inputs]
        recipes = self._settings.pipeline.apply_data_recipes
        answer = self._pool.ask(wire.request(names, columns, self._untyped, wanted, recipes))
        if "error" in answer.header:
            reason = without_values(answer.header["error"], names, columns)
            raise PipelineError(
                f"the scoring pipeline's own code raised an error: {reason}.",
                advice=(
                    "Compare the records with the data that the model was trained on.",
                    "Look whether it wants {apply_data_recipes}.",
                ),
            )
        return answer


def _without(table: pa.Table, names: Sequence[str]) -> pa.Table:
    return table.drop_columns([name for name in table.schema.names if name in names])


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the columns and types that the pipeline gave when it was loaded."""
    try:
        return table.select(schema.names).cast(schema)
    except (KeyError, pa.ArrowInvalid) as error:
        raise PipelineError(
            f"the scoring pipeline gave other columns than when it was loaded: {', '.join(table.schema.names)}"
        ) from error
