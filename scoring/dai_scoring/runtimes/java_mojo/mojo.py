"""Driverless AI MOJO pipelines on H2O's Java runtime (``ai.h2o:mojo2-runtime-impl``), in this process.

Source of the behaviour: the public API of mojo2-runtime-api 2.9.0. ``MojoPipeline.transform`` is thread-safe.
"""

from __future__ import annotations

import re
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa

from dai_scoring.engine import (
    CONTRIBUTION_CAPABILITY,
    Capability,
    ModelInfo,
    Predicted,
    PredictedRequests,
    PredictedValues,
    RowRequests,
)
from dai_scoring.errors import ModelError, ModelFormatError, UnsupportedError
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import Records
from dai_scoring.model_file import Kind, sha256
from dai_scoring.options import Contributions, Wanted
from dai_scoring.progress import Progress
from dai_scoring.runtimes import driverless_ai
from dai_scoring.runtimes.java import java_jars, jvm, row_description
from dai_scoring.runtimes.java.interrupts import held_back
from dai_scoring.runtimes.java.record_layouts import RecordLayouts
from dai_scoring.runtimes.java.row_requests import RequestReader, floats
from dai_scoring.runtimes.java_mojo.frames import Frames, is_missing
from dai_scoring.schema import ColumnType
from dai_scoring.scorer import RuntimeSettings

RUNTIME = "mojo2-runtime (Java)"

_PACKAGE = "ai.h2o.mojos.runtime."
# PipelineConfig's builder methods for what a pipeline gives instead of predictions, or with them.
_SWITCHES = {
    Capability.CONTRIBUTION_TRANSFORMED: "enableShap",
    Capability.CONTRIBUTION_ORIGINAL: "enableShapOriginal",
    Capability.PREDICTION_INTERVAL: "withPredictionInterval",
}
_LITERALS = (
    "",
    "NA",
    "N/A",
    "na",
    "n/a",
    "NaN",
    "nan",
    "null",
    "NULL",
    "None",
    "none",
    "?",
    "unknown",
    "inf",
    "-inf",
)
_PROBED_BYTES = 1 << 20
_OTHER_OUTPUTS = Declined("the model gives more than floating point numbers")


def load(path: Path, kind: Kind, settings: RuntimeSettings, progress: Progress) -> JavaMojo:
    """Load a pipeline.mojo, or the one inside a mojo.zip; raises ModelError saying what is wrong with it."""
    return _loaded(path, kind, settings, java_jars.mojo2_jars(settings.mojo_runtime, settings.jar_folders))


@held_back()
def _loaded(path: Path, kind: Kind, settings: RuntimeSettings, jars: Sequence[Path]) -> JavaMojo:
    jvm.start(jars, settings.jvm_options, settings.java_home)
    driverless_ai.check_licence_file(settings.licence_file)
    digest = sha256(path)
    with driverless_ai.pipeline_file(path, kind) as inner:
        pipeline = _load(inner, path, settings)
        missing = _missing_literals(pipeline, inner)
    return JavaMojo(pipeline, missing, digest, _Variants(path, kind, digest, settings))


def _load(path: Path, named: Path, settings: RuntimeSettings, switch: str | None = None) -> Any:
    config = jvm.java_class(_PACKAGE + "api.PipelineConfig").builder()
    if switch is not None:
        getattr(config, switch)(True)
    licence = {
        "ai.h2o.mojos.runtime.license.key": settings.licence_key,
        "ai.h2o.mojos.runtime.license.file": str(settings.licence_file) if settings.licence_file else None,
    }
    try:
        with jvm.properties(licence), jvm.readable(path) as found:
            file = jvm.java_class("java.io.File")(found)
            return jvm.java_class(_PACKAGE + "api.MojoPipelineService").loadPipeline(file, config.build())
    except jvm.java_exception() as error:
        jvm.check_runtime(error, named)
        name = jvm.class_name(error)
        if name.startswith(_PACKAGE + "lic."):
            raise driverless_ai.licence_error(named, _licence_problem(name), settings) from None
        raise ModelFormatError(
            f"the MOJO runtime cannot load {named}. The file may be damaged (export it again), or made by a newer "
            f"Driverless AI than this runtime knows{jvm.message_of(error)}."
        ) from error


def _licence_problem(exception: str) -> str:
    return {
        "LicenseNotFoundException": "needs a Driverless AI licence, and none was found",
        "LicenseExpiredException": "needs a Driverless AI licence, and {found} has expired",
        "InvalidLicenseException": "needs a Driverless AI licence, and {found} is not valid",
    }.get(
        exception.rsplit(".", 1)[-1],
        "was refused by H2O's runtime for its licence or its signature: it may be damaged (export it again), or need "
        "another Driverless AI licence",
    )


class _Variants:
    """The same pipeline loaded again to give contributions or intervals: the runtime sets that for a whole pipeline.

    Loaded when first asked for, since each takes as much memory as the pipeline itself.
    """

    def __init__(self, path: Path, kind: Kind, digest: str, settings: RuntimeSettings) -> None:
        self._source = (path, kind, digest, settings)
        self._lock = threading.Lock()
        self._found: dict[Capability, Frames | None] = {}

    def get(self, capability: Capability) -> Frames | None:
        """The pipeline that gives it; None if the model cannot."""
        with self._lock:
            if capability not in self._found:
                self._found[capability] = self._tried(capability)
            return self._found[capability]

    def _tried(self, capability: Capability) -> Frames | None:
        path, kind, digest, settings = self._source
        if not path.exists() or sha256(path) != digest:
            raise ModelError(f"{path} was changed since the model was loaded. Stop and start what scores with it.")
        with driverless_ai.pipeline_file(path, kind) as inner:
            try:
                frames = Frames(_load(inner, path, settings, _SWITCHES[capability]))
                # Some models refuse only when there is a row.
                frames.transform([pa.nulls(1, column.type.arrow) for column in frames.inputs], 1)
            except (ModelFormatError, jvm.java_exception()):
                return None
        return frames


class JavaMojo:
    """A loaded Driverless AI MOJO: an :class:`dai_scoring.engine.Engine`."""

    def __init__(self, pipeline: Any, missing: frozenset[str], digest: str, variants: _Variants) -> None:
        self._pipeline = pipeline
        self._frames = Frames(pipeline)
        self._variants = variants
        created = pipeline.getCreationTime()
        self._info = ModelInfo(
            id=str(pipeline.getUuid()),
            kind=Kind.DAI_MOJO.value,
            runtime=RUNTIME,
            runtime_version=_version(),
            sha256=digest,
            created=datetime.fromtimestamp(created.getMillis() / 1000, timezone.utc) if created is not None else None,
            inputs=tuple(replace(column, missing=missing) for column in self._frames.inputs),
            outputs=self._frames.outputs,
        )
        self._layouts = RecordLayouts(self._info.inputs)
        self._requests = RequestReader(self._layouts, self._frames.transform_requests, floats)

    @property
    def info(self) -> ModelInfo:
        """The loaded model's description."""
        return self._info

    def supports(self, capability: Capability) -> bool:
        """Tried with another copy of the pipeline, which is kept if it can."""
        return capability is Capability.SCORE or self._variants.get(capability) is not None

    def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
        """Score whole columns: see :class:`dai_scoring.engine.Engine`."""
        predictions = self._frames.transform(columns, rows)
        contributions = intervals = None
        if wanted.contributions is not Contributions.NONE:
            contributions = self._further(CONTRIBUTION_CAPABILITY[wanted.contributions], columns, rows)
        if wanted.intervals:
            bounds = self._further(Capability.PREDICTION_INTERVAL, columns, rows)
            intervals = driverless_ai.only_intervals(bounds, predictions.schema.names)
        return Predicted(predictions, contributions, intervals)

    def predict_values(self, columns: Sequence[Sequence[Any]], rows: int) -> PredictedValues | Declined:
        """Score few rows: see :class:`dai_scoring.engine.ValuesEngine`."""
        found = self._frames.transform_values(columns, rows)
        return found if isinstance(found, Declined) else PredictedValues(found)

    def predict_records(self, records: Records, missing: frozenset[str] = frozenset()) -> Predicted | Declined:
        """Score records as they stand: see :class:`dai_scoring.engine.RecordsEngine`."""
        layout = self._layouts.layout(records, missing)
        return layout if isinstance(layout, Declined) else self._frames.transform_records(records, layout)

    def predict_requests(self, requests: Sequence[bytes], kind: RowRequests) -> PredictedRequests | Declined:
        """Score requests: see :class:`dai_scoring.engine.RequestsEngine`."""
        return self._requests.predict(requests, kind) if self._frames.gives_floats else _OTHER_OUTPUTS

    def parse_time(self, column: str, text: str) -> int | None:
        """Read a text in the form that the pipeline was trained with, such as %m/%d/%Y."""
        found = _parsed(self._pipeline, column, text)
        return None if found is None else int(found.getMillis())

    def for_java(self) -> dict[str, Any]:
        """The description for Java's row scorer: see :class:`dai_scoring.engine.RowEngine`."""
        return {
            "kind": "dai",
            "columns": row_description.inputs(self._info.inputs),
            "outputs": row_description.outputs(self._info.outputs),
        }

    def close(self) -> None:
        """Let Java's garbage collector take the pipeline."""
        del self._pipeline, self._frames, self._variants, self._requests

    def _further(self, capability: Capability, columns: Sequence[pa.Array], rows: int) -> pa.Table:
        frames = self._variants.get(capability)
        if frames is None:
            raise UnsupportedError(f"the model cannot be asked for {capability.value}")
        return frames.transform(columns, rows)


def _parsed(pipeline: Any, column: str, text: str) -> Any:
    """The element that the runtime's own row builder makes of a text; None if missing or refused."""
    builder = pipeline.getInputFrameBuilder()
    row = builder.getMojoRowBuilder()
    try:
        row.setValue(column, text)
        builder.addRow(row)
    except jvm.java_exception():
        return None
    return builder.toMojoFrame().getColumnData(pipeline.getInputMeta().getColumnIndex(column))[0]


def _missing_literals(pipeline: Any, path: Path) -> frozenset[str]:
    """The texts that the pipeline takes for missing values.

    The API does not list them but its row builder knows them, so candidates are tried on it: the usual
    ones, and every short text in the pipeline's definition, among which a custom literal must be.
    """
    inputs = Frames(pipeline).inputs
    texts = [column.name for column in inputs if column.type is ColumnType.STR]
    if texts:
        return frozenset(text for text in _candidates(path) if _parsed(pipeline, texts[0], text) is None)
    numbers = [column.name for column in inputs if column.type.is_number]
    if not numbers:
        return frozenset({""})
    found = {text: _parsed(pipeline, numbers[0], text) for text in _candidates(path)}
    return frozenset(text for text, value in found.items() if value is not None and is_missing(value))


def _candidates(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(("pipeline.pb", "pipeline.toml"))]
        definition = b"".join(archive.read(name)[:_PROBED_BYTES] for name in names)
    found = set(_LITERALS)
    # Protocol buffers store a text as its length in one byte, when short, and its bytes.
    for match in re.finditer(rb"[\x01-\x18](?=[ -~])", definition):
        text = definition[match.end() : match.end() + match.group()[0]]
        if text.isascii() and text.decode("ascii").isprintable():
            found.add(text.decode("ascii"))
    return found


def _version() -> str:
    package = jvm.java_class(_PACKAGE + "MojoPipeline").class_.getPackage()
    return str(package.getImplementationVersion() or "unknown")
