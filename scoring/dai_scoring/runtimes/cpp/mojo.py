"""Driverless AI MOJO pipelines on H2O's C++ runtime (``daimojo``), in this process.

The only module that imports daimojo and datatable, by their public interface alone. Source of the behaviour:
trials with daimojo 2.9.2 and datatable 1.1.0.

H2O does not document whether ``predict`` may be called from several threads. Eight threads at once gave the right
scores and were no faster than one, so the calls are serialised: the lock costs nothing.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa

from dai_scoring.engine import CONTRIBUTION_CAPABILITY, Capability, ModelInfo, Predicted
from dai_scoring.errors import ModelError, ModelFormatError, RuntimeMissingError, UnsupportedError
from dai_scoring.model_file import Kind, sha256
from dai_scoring.options import Contributions, Wanted
from dai_scoring.runtimes import driverless_ai
from dai_scoring.runtimes.cpp.columns import as_numbers, as_schema, whole
from dai_scoring.runtimes.cpp.standard_error import own_stderr
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import RuntimeSettings

RUNTIME = "daimojo (C++)"

_TYPES = {
    "bool": ColumnType.BOOL,
    "int32": ColumnType.INT32,
    "int64": ColumnType.INT64,
    "float32": ColumnType.FLOAT32,
    "float64": ColumnType.FLOAT64,
    "string": ColumnType.STR,
    "str": ColumnType.STR,
    "time64": ColumnType.TIME64,
}
_PYTHONS = ((3, 10), (3, 11), (3, 12))
# Arguments of the runtime's predict; each asks for something else than predictions, or for more.
_SWITCHES = {
    Capability.CONTRIBUTION_TRANSFORMED: "pred_contribs",
    Capability.CONTRIBUTION_ORIGINAL: "pred_contribs_original",
    Capability.PREDICTION_INTERVAL: "interval",
}

# One for all models: datatable has one pool of threads for the process, and the environment is the process's too.
_lock = threading.Lock()


def load(path: Path, kind: Kind, settings: RuntimeSettings) -> CppMojo:
    """Load a pipeline.mojo, or the one inside a mojo.zip; raises ModelError saying what is wrong with it."""
    daimojo, datatable = _modules()
    driverless_ai.check_licence_file(settings.licence_file)
    digest = sha256(path)
    with driverless_ai.pipeline_file(path, kind) as inner, _lock:
        _check_form(inner, path)
        try:
            with _environment(settings), own_stderr() as said:
                return CppMojo(daimojo.model(str(inner)), datatable, str(daimojo.__version__), digest)
        except ModelError:
            raise
        except Exception as error:  # the runtime raises whatever its C++ does: IndexError, RuntimeError, ...
            raise _load_error(error, said, path, settings) from error


def _modules() -> tuple[Any, Any]:
    try:
        import daimojo
        import datatable
    except ImportError as error:
        here = f"{sys.platform} {platform.machine()} with Python {sys.version_info.major}.{sys.version_info.minor}"
        if sys.platform != "linux" or platform.machine() != "x86_64" or sys.version_info[:2] not in _PYTHONS:
            raise RuntimeMissingError(
                "H2O's C++ MOJO runtime (daimojo) exists for Linux on x86_64 with Python 3.10, 3.11 or 3.12 only, "
                f"and this is {here}.",
                "runtime",
                advice=("Score the model with {runtime=JAVA}.",),
            ) from error
        if error.name not in ("daimojo", "datatable"):
            raise RuntimeMissingError(f"H2O's C++ MOJO runtime (daimojo) does not load: {error}.") from error
        raise RuntimeMissingError(
            "H2O's C++ MOJO runtime is not installed here. It comes under H2O.ai's own licence.",
            advice=("Accept that with {accept_daimojo}.",),
        ) from error
    return daimojo, datatable


def _check_form(pipeline: Path, named: Path) -> None:
    with zipfile.ZipFile(pipeline) as archive:
        names = set(archive.namelist())
    if not names & {"mojo/pipeline.pb", "pipeline.pb"}:
        raise UnsupportedError(
            f"{named} is a pipeline in the old TOML form, which the C++ runtime does not read.",
            "runtime",
            advice=("Score it with {runtime=JAVA}.",),
        )


def _load_error(error: Exception, said: Sequence[str], path: Path, settings: RuntimeSettings) -> ModelError:
    if "license" in str(error).lower():
        none = any("could not be found" in line for line in said)
        problem = "none was found" if none else "{found} is not valid"
        return driverless_ai.licence_error(path, f"needs a Driverless AI licence, and {problem}", settings)
    return ModelFormatError(
        f"the C++ MOJO runtime cannot load {path}. The file may be damaged (export it again), or made by a newer "
        "Driverless AI than this runtime knows, or hold a model that only the Java runtime scores (it says: "
        f"{'; '.join([str(error), *said[-1:]])})."
    )


@contextmanager
def _environment(settings: RuntimeSettings) -> Iterator[None]:
    """Give the runtime a licence in the only way that it reads one, and remove it again."""
    before = {name: os.environ.get(name) for name in (driverless_ai.LICENCE_KEY, driverless_ai.LICENCE_FILE)}
    own = driverless_ai.licence_environment(settings)
    wanted = {name: own.get(name) for name in before} if own else before
    try:
        _set_environment(wanted)
        yield
    finally:
        _set_environment(before)


def _set_environment(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class CppMojo:
    """A loaded Driverless AI MOJO: an :class:`dai_scoring.engine.Engine`."""

    def __init__(self, model: Any, datatable: Any, version: str, digest: str) -> None:
        self._model = model
        self._frame = datatable.Frame
        missing = frozenset(str(text) for text in model.missing_values) | {""}
        inputs = tuple(
            Column(str(name), _column_type(name, kind), missing)
            for name, kind in zip(model.feature_names, model.feature_types, strict=True)
        )
        self._names = [column.name for column in inputs]
        self._supported = {Capability.SCORE: True}
        if not inputs:
            raise ModelFormatError("the pipeline has no input columns; the file is damaged. Copy or export it again.")
        # The outputs have no names before something was scored; a row without values will do.
        self._scored([pa.nulls(1, column.type.arrow) for column in inputs])
        outputs = tuple(
            Column(str(name), _column_type(name, kind))
            for name, kind in zip(model.output_names, model.output_types, strict=True)
        )
        self._schema = pa.schema([(column.name, column.type.arrow) for column in outputs])
        self._info = ModelInfo(
            id=str(model.uuid),
            kind=Kind.DAI_MOJO.value,
            runtime=RUNTIME,
            runtime_version=version,
            sha256=digest,
            created=_created(str(model.created_time)),
            inputs=inputs,
            outputs=outputs,
        )

    @property
    def info(self) -> ModelInfo:
        """The loaded model's description."""
        return self._info

    def supports(self, capability: Capability) -> bool:
        """Tried with a row without values: the runtime does not say so otherwise."""
        if capability not in self._supported:
            one = [pa.nulls(1, column.type.arrow) for column in self._info.inputs]
            with _lock, own_stderr():
                try:
                    # Models of before 1.9 give a frame without columns where others raise.
                    self._supported[capability] = self._scored(one, **{_SWITCHES[capability]: True}).num_columns > 0
                except Exception:  # noqa: BLE001 - RuntimeError, ValueError, whatever its C++ raises: it cannot
                    self._supported[capability] = False
        return self._supported[capability]

    def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
        """Score whole columns: see :class:`dai_scoring.engine.Engine`. One call at a time in a process."""
        if rows == 0:
            # The names of what is wanted come with a row only.
            one = self.predict([pa.nulls(1, column.type.arrow) for column in self._info.inputs], 1, wanted)
            return one.none()
        with _lock:
            predictions = self._scored(columns)
            contributions = intervals = None
            if wanted.contributions is not Contributions.NONE:
                contributions = self._scored(
                    columns, **{_SWITCHES[CONTRIBUTION_CAPABILITY[wanted.contributions]]: True}
                )
            if wanted.intervals:
                intervals = self._scored(columns, **{_SWITCHES[Capability.PREDICTION_INTERVAL]: True})
        return Predicted(
            as_schema(predictions, self._schema),
            None if contributions is None else as_numbers(contributions),
            None if intervals is None else as_numbers(driverless_ai.only_intervals(intervals, self._schema.names)),
        )

    def parse_time(self, column: str, text: str) -> int | None:
        """Nothing: this runtime reads no text as a time."""
        return None

    def close(self) -> None:
        """Release the pipeline."""
        self._model = None

    def _scored(self, columns: Sequence[pa.Array], **switches: bool) -> pa.Table:
        arrays = [whole(array, name) for name, array in zip(self._names, columns, strict=True)]
        frame = self._frame(pa.table(arrays, names=self._names))
        if list(frame.names) != self._names:
            changed = [name for name, other in zip(self._names, frame.names, strict=True) if name != other]
            raise UnsupportedError(
                f"the C++ runtime cannot be given columns of these names: {', '.join(map(repr, changed))}.",
                "runtime",
                advice=("Score the model with {runtime=JAVA}.",),
            )
        return self._model.predict(frame, **switches).to_arrow()


def _column_type(name: str, word: str) -> ColumnType:
    try:
        return _TYPES[str(word).lower()]
    except KeyError:
        raise UnsupportedError(
            f"the column {name} is of the type {word}, which is not known here for the C++ runtime.",
            "runtime",
            advice=("Score the model with {runtime=JAVA}.",),
        ) from None


def _created(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(time.mktime(time.strptime(text)), timezone.utc)
    except (ValueError, OverflowError):
        return None
