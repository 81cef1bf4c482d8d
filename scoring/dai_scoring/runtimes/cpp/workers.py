"""Driverless AI MOJO pipelines on H2O's C++ runtime, in several processes where there are many rows.

The runtime holds Python's lock while it scores, so that threads do not help it: two processes score twice as fast, and
leave this one free to read and write meanwhile. Few rows are scored in this process, sooner than they would cross.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from dai_scoring import errors
from dai_scoring.engine import Capability, Engine, ModelInfo, Predicted
from dai_scoring.errors import ExecutionError
from dai_scoring.model_file import Kind
from dai_scoring.options import Contributions, Wanted
from dai_scoring.progress import Progress
from dai_scoring.runtimes import driverless_ai
from dai_scoring.runtimes.cpp import child, mojo
from dai_scoring.runtimes.cpp.mojo import CppMojo
from dai_scoring.runtimes.workers import wire
from dai_scoring.runtimes.workers.pool import Pool
from dai_scoring.runtimes.workers.process import Worker, WorkerDied
from dai_scoring.scorer import RuntimeSettings

WORKERS = 2
"""How many processes there are unless the settings say otherwise."""

FEW_ROWS = 1_000
"""Up to so many rows are scored in this process: 2 ms for a small model, while crossing takes half of one."""

_TIMEOUT = 600.0
_ADVICE = (
    "The rows may be more than it can take at once, or hold a value that breaks the runtime.",
    "Set {batch_rows} lower.",
    "Or score them with {runtime=JAVA}, which is other code.",
)


class _NoWorkerError(Exception):
    """A worker cannot be started, or does not get the model that this process has."""


def load(path: Path, kind: Kind, settings: RuntimeSettings, progress: Progress) -> Engine:
    """Load a MOJO in this process; others load it when there are many rows. Raises ModelError."""
    engine = mojo.load(path, kind, settings)
    count = WORKERS if settings.workers is None else settings.workers
    return CppWorkers(engine, path, kind, settings, count) if count else engine


class CppWorkers:
    """A loaded Driverless AI MOJO: an :class:`dai_scoring.engine.Engine`."""

    def __init__(self, engine: CppMojo, path: Path, kind: Kind, settings: RuntimeSettings, count: int) -> None:
        self._engine = engine
        self._path = path
        self._kind = kind
        self._settings = settings
        self._count = count
        self._without = False
        self._pool = Pool(self._start, count, _TIMEOUT, _ADVICE)
        self._threads = ThreadPoolExecutor(2 * count, "dai-scoring-cpp")

    @property
    def info(self) -> ModelInfo:
        """The loaded model's description."""
        return self._engine.info

    def supports(self, capability: Capability) -> bool:
        """See :meth:`dai_scoring.runtimes.cpp.mojo.CppMojo.supports`."""
        return self._engine.supports(capability)

    def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
        """Score whole columns: see :class:`dai_scoring.engine.Engine`. Many rows are shared among the workers."""
        if rows > FEW_ROWS and not self._without:
            try:
                return self._shared(columns, rows, wanted)
            except _NoWorkerError:
                # The file holds another model by now, or there is no memory for one more: this process has it still.
                self._without = True
        return self._engine.predict(columns, rows, wanted)

    def parse_time(self, column: str, text: str) -> int | None:
        """See :meth:`dai_scoring.runtimes.cpp.mojo.CppMojo.parse_time`."""
        return self._engine.parse_time(column, text)

    def close(self) -> None:
        """End the workers and release the model."""
        self._pool.close()
        self._threads.shutdown()
        self._engine.close()

    def _shared(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
        size = -(-rows // self._count)
        parts = [[column.slice(start, size) for column in columns] for start in range(0, rows, size)]
        made = list(self._threads.map(lambda part: self._ask(part, wanted), parts))
        whole = [pa.concat_tables(tables).combine_chunks() for tables in zip(*made, strict=True)]
        further = iter(whole[1:])
        contributions = next(further) if wanted.contributions is not Contributions.NONE else None
        return Predicted(whole[0], contributions, next(further) if wanted.intervals else None)

    def _ask(self, columns: Sequence[pa.Array], wanted: Wanted) -> list[pa.Table]:
        header = {"contributions": wanted.contributions.value, "intervals": wanted.intervals}
        names = [str(index) for index in range(len(columns))]
        answer = self._pool.ask(wire.message(header, [child.stream(columns, names)]))
        if "error" in answer.header:
            kind = getattr(errors, answer.header["type"], ExecutionError)
            raise kind(answer.header["error"])
        return [child.table(buffer) for buffer in answer.buffers]

    def _start(self) -> Worker:
        command = [sys.executable, "-u", "-m", child.__name__]
        # Where this process finds its packages; a server may add some while it runs.
        places = os.pathsep.join(str(Path(place).resolve()) for place in sys.path if place)
        environment = {**driverless_ai.licence_environment(self._settings), "PYTHONPATH": places}
        try:
            worker = Worker(command, [str(self._path.resolve()), self._kind.value], environment)
        except OSError as error:
            raise _NoWorkerError from error
        try:
            about = worker.wait_until_ready(_TIMEOUT).header
        except WorkerDied as error:
            worker.end()
            raise _NoWorkerError from error
        if about.get("sha256") != self.info.sha256:
            worker.end()
            raise _NoWorkerError
        return worker
