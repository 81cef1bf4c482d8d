"""A loaded model as callers use it, the same for all runtimes, and the settings to load one with."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dai_scoring import frames
from dai_scoring.engine import (
    CAPABILITY_NAMES,
    CONTRIBUTION_CAPABILITY,
    REFUSED,
    Capability,
    Engine,
    ModelInfo,
    Predicted,
    PredictedRequests,
    PredictedValues,
    RecordsEngine,
    RequestsEngine,
    RowEngine,
    RowRequests,
    Scored,
    ValuesEngine,
)
from dai_scoring.errors import ModelError, UnsupportedError
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import Records
from dai_scoring.options import (
    APPLY_DATA_RECIPES,
    JVM_OPTIONS,
    PREDICTIONS_ONLY,
    PYTHON_COMMAND,
    SCORE_TIMEOUT,
    START_TIMEOUT,
    Contributions,
    MissingColumns,
    Wanted,
)
from dai_scoring.values import model_rows
from dai_scoring.values.missing import widened
from dai_scoring.values.model_rows import ModelRows
from dai_scoring.values.rejected import REJECT_SCHEMA

if TYPE_CHECKING:
    import pandas

_NO_VALUES = Declined("the engine does not take Python's objects")
_NO_RECORDS = Declined("the model's runtime does not read records itself")
_NO_REQUESTS = Declined("the model's runtime does not read requests itself")


class Scorer:
    """A loaded model. Safe to use from several threads at once; closing twice is harmless."""

    def __init__(self, engine: Engine, missing: frozenset[str] = frozenset(), of: Scorer | None = None) -> None:
        self._engine = engine
        # Looked up once: to ask whether an object follows a protocol takes as long as to score a row.
        self._values_engine = engine if isinstance(engine, ValuesEngine) else None
        self._requests_engine = engine if isinstance(engine, RequestsEngine) else None
        self._missing = missing
        self._info = replace(engine.info, inputs=widened(engine.info.inputs, missing)) if missing else engine.info
        # Where the model is one's own: all that share it count there.
        self._owner = of or self
        self._closed = False
        self._idle = threading.Condition()
        self._busy = 0
        self._others: dict[frozenset[str], Scorer] = {}

    @property
    def info(self) -> ModelInfo:
        """The loaded model's description."""
        return self._info

    def with_missing(self, literals: Iterable[str]) -> Scorer:
        """A scorer with the same model to which further texts mean a missing value; this one without such texts.

        Closing one of them closes both. :mod:`dai_scoring.values.missing` says how texts are compared.
        """
        further = frozenset(literals) | self._missing
        if further == self._missing:
            return self
        owner = self._owner
        with owner._idle:
            if further not in owner._others:
                owner._others[further] = Scorer(owner._engine, further, owner)
            return owner._others[further]

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the model can be asked for; finding it out may take as long as loading the model again."""
        return frozenset(one for one in Capability if self._engine.supports(one))

    def check(self, wanted: Wanted) -> None:
        """Raise UnsupportedError if the model cannot give what is wanted."""
        if wanted == PREDICTIONS_ONLY:
            return
        needed = {Capability.PREDICTION_INTERVAL} if wanted.intervals else set()
        if wanted.contributions is not Contributions.NONE:
            needed.add(CONTRIBUTION_CAPABILITY[wanted.contributions])
        lacking = [one for one in Capability if one in needed and not self._engine.supports(one)]
        if lacking:
            can = [
                CAPABILITY_NAMES[one] for one in Capability if one in CAPABILITY_NAMES and self._engine.supports(one)
            ]
            gives_no = f"this model gives no {' and no '.join(CAPABILITY_NAMES[one] for one in lacking)}"
            gives = f"; besides predictions it gives {' and '.join(can) or 'nothing'}."
            raise UnsupportedError(
                f"{gives_no} on {self.info.runtime}{gives}",
                "intervals" if Capability.PREDICTION_INTERVAL in lacking else "contributions",
                advice=("Set {contributions} and {intervals} to what it can do.",),
                to_client=f"{gives_no}{gives}",
            )

    def score(
        self,
        table: pa.Table | pa.RecordBatch | pandas.DataFrame | frames.FromArrow,
        missing_columns: MissingColumns = MissingColumns.FAIL,
        wanted: Wanted = PREDICTIONS_ONLY,
    ) -> Scored:
        """Score the rows of ``table``, its columns found by name, other columns ignored.

        Of a DataFrame NaN, NaT and NA are missing values, and the index is ignored: see :mod:`dai_scoring.frames`.

        Raises MissingColumnsError if columns of the model are absent and ``missing_columns`` does not
        allow it, and UnsupportedError as :meth:`check` does. A row with a value that its column cannot hold,
        or that the model itself refuses, is rejected; the others are scored.
        """
        with self._in_use():
            self.check(wanted)
            if not isinstance(table, pa.Table):
                table = frames.to_table(table, [column.name for column in self.info.inputs])
            rows = self.model_rows(table, missing_columns)
            made = self._engine.predict(rows.columns, rows.count, wanted)
            rejects = _with_refused(rows.rejects, made.refused, table.num_rows) if made.refused else rows.rejects
            return Scored(
                made.predictions, rejects, made.contributions, made.intervals, made.unseen_counts, made.unseen
            )

    def model_rows(self, table: pa.Table, missing_columns: MissingColumns = MissingColumns.FAIL) -> ModelRows:
        """The rows of ``table`` in the form of the model's inputs, and those that cannot be; see :meth:`score`."""
        return model_rows.to_model_rows(table, self.info.inputs, missing_columns, self._engine.parse_time)

    def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted = PREDICTIONS_ONLY) -> Predicted:
        """Score rows that have the form of the model's inputs already, as :meth:`Engine.predict` wants them.

        Raises UnsupportedError as :meth:`check` does.
        """
        with self._in_use():
            self.check(wanted)
            return self._engine.predict(columns, rows, wanted)

    def predict_values(self, columns: Sequence[Sequence[Any]], rows: int) -> PredictedValues | Declined:
        """Score few rows, given and returned as Python's objects: see :class:`dai_scoring.engine.ValuesEngine`.

        The predictions are those of :meth:`predict`. For some rows this takes a third of its time, since Arrow needs as
        long for one value as for a hundred. Declined if only :meth:`predict` can score these rows.
        """
        if self._values_engine is None:
            return _NO_VALUES
        with self._in_use():
            return self._values_engine.predict_values(columns, rows)

    @property
    def reads_records(self) -> bool:
        """Whether the engine can read records itself, as :meth:`predict_records` has it do."""
        return isinstance(self._engine, RecordsEngine)

    def predict_records(self, records: Records) -> Predicted | Declined:
        """Score records as they stand, as :meth:`score` would score their table; Declined if that has to do it."""
        engine = self._engine
        if not isinstance(engine, RecordsEngine):
            return _NO_RECORDS
        with self._in_use():
            return engine.predict_records(records, self._missing)

    @property
    def reads_requests(self) -> bool:
        """Whether the engine can read requests of one row itself, as :meth:`predict_requests` has it do."""
        return self._requests_engine is not None

    def predict_requests(self, requests: Sequence[bytes], kind: RowRequests) -> PredictedRequests | Declined:
        """Score requests of one row each, as :meth:`score` would score their rows; see :class:`RequestsEngine`."""
        if self._requests_engine is None:
            return _NO_REQUESTS
        if self._missing:
            kind = replace(kind, missing=self._missing)
        with self._in_use():
            return self._requests_engine.predict_requests(requests, kind)

    def for_java(self) -> dict[str, Any] | None:
        """What Java needs to know of the model to score rows without Python; None if the runtime is not Java's."""
        engine = self._engine
        return engine.for_java() if isinstance(engine, RowEngine) else None

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        owner = self._owner
        with owner._idle:
            if owner._closed:
                raise ModelError("the model was closed")
            owner._busy += 1
        try:
            yield
        finally:
            with owner._idle:
                owner._busy -= 1
                if owner._closed:
                    owner._idle.notify_all()

    def try_out(self) -> bool:
        """Whether a row without values, but for required ones, gets a prediction. Raises what :meth:`score` does."""
        values = {True: pa.array(["0"]), False: pa.nulls(1, pa.string())}
        row = pa.table({column.name: values[column.required] for column in self.info.inputs})
        return bool(self.score(row).predictions.num_rows)

    def close(self) -> None:
        """Wait for calls that score, then release the model. Later calls of score raise ModelError."""
        owner = self._owner
        with owner._idle:
            if owner._closed:
                return
            owner._closed = True
            owner._idle.wait_for(lambda: owner._busy == 0)
        self._engine.close()

    def __enter__(self) -> Scorer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _with_refused(rejects: pa.Table, refused: Sequence[tuple[int, str]], count: int) -> pa.Table:
    """The rejects of ``count`` rows with those that the model refused, numbered among the rows it was given."""
    given = np.delete(np.arange(count), rejects.column("row").to_numpy())
    rows = [int(given[row]) for row, _ in refused]
    further = pa.table(
        [rows, [REFUSED] * len(rows), pa.nulls(len(rows), pa.string()), [reason for _, reason in refused]],
        schema=REJECT_SCHEMA,
    )
    return pa.concat_tables([rejects, further]).sort_by("row")


@dataclass(frozen=True)
class PipelineSettings:
    """How a Python scoring pipeline is run, and in which environment.

    ``environment`` is one that has the pipeline installed: its folder, or its python. Without it one is made in
    ``environment_folder`` by ``python_command``, with packages from ``wheel_folder`` alone if that is given.
    Timeouts are in seconds: to load the pipeline, and to score a batch.
    """

    environment: Path | None = None
    environment_folder: Path | None = None
    python_command: str = PYTHON_COMMAND.default
    wheel_folder: Path | None = None
    start_timeout: float = START_TIMEOUT.default
    score_timeout: float = SCORE_TIMEOUT.default
    apply_data_recipes: bool = APPLY_DATA_RECIPES.default


@dataclass(frozen=True)
class RuntimeSettings:
    """What loading a model may need besides its file; :func:`dai_scoring.models.open_model` finds most of it by itself.

    ``java_home`` is the Java to use, without it one is found or fetched. ``jar_folders`` hold folders ``open`` and
    ``mojo2`` of jars, to use before those of the cache; ``mojo_runtime`` is a folder of the user's own with the jars of
    Driverless AI's MOJO runtime. ``accept_h2o_licence`` accepts H2O.ai's licence for that runtime, which is fetched
    then. With ``provision=False`` nothing is looked for on this machine and nothing is fetched: a Java and jars must be
    given, or be inside this package. ``workers`` is how many further processes hold the model and score at the same
    time, None what suits the runtime.
    """

    licence_key: str | None = field(default=None, repr=False)
    licence_file: Path | None = None
    jvm_options: tuple[str, ...] = JVM_OPTIONS.default
    java_home: Path | None = None
    mojo_runtime: Path | None = None
    jar_folders: tuple[Path, ...] = ()
    accept_h2o_licence: bool = False
    provision: bool = True
    workers: int | None = None
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)
