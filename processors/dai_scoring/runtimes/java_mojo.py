"""Driverless AI MOJO pipelines on H2O's Java runtime (``ai.h2o:mojo2-runtime-impl``), in this process.

Source of the behaviour: the public API of mojo2-runtime-api 2.9.0. ``MojoPipeline.transform`` is thread-safe.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dai_scoring.errors import ModelFormatError, RuntimeMissingError
from dai_scoring.model_file import Kind, sha256
from dai_scoring.records import null_mask
from dai_scoring.runtimes import dai, jvm
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import ModelInfo, RuntimeSettings

RUNTIME = "mojo2-runtime (Java)"

_PACKAGE = "ai.h2o.mojos.runtime."
# What stands for a missing value in a frame's primitive arrays: MojoColumn.Type.NULL.
_MISSING_BOOL = -128
_MISSING_INT = {ColumnType.INT32: -(2**31), ColumnType.INT64: -(2**63)}
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


def load(path: Path, kind: Kind, settings: RuntimeSettings) -> JavaMojo:
    """Load a pipeline.mojo, or the one inside a mojo.zip; raises ModelError saying what is wrong with it."""
    _start(settings)
    digest = sha256(path)
    with dai.pipeline_file(path, kind) as inner:
        return JavaMojo(_load(inner, path, settings), inner, digest)


def _start(settings: RuntimeSettings) -> None:
    jars = jvm.mojo2_jars(settings.mojo_runtime, settings.jar_folders)
    if not jars:
        raise RuntimeMissingError(
            "this is a Driverless AI MOJO, and H2O's MOJO runtime for Java is not installed here. It comes under "
            "H2O.ai's own licence: accept that with 'dai-nifi nars build --accept-h2o-licence' (NiFi) or "
            "'dai-nifi score --accept-h2o-licence' (command line), or point MOJO Runtime at a folder with its jars."
        )
    jvm.start([*jvm.open_jars(settings.jar_folders), *jars], settings.jvm_options, settings.java_home)
    dai.check_licence_file(settings.licence_file)


def _load(path: Path, named: Path, settings: RuntimeSettings) -> Any:
    pipeline_class = jvm.java_class(_PACKAGE + "MojoPipeline")
    licence = {
        "ai.h2o.mojos.runtime.license.key": settings.licence_key,
        "ai.h2o.mojos.runtime.license.file": str(settings.licence_file) if settings.licence_file else None,
    }
    try:
        with jvm.properties(licence):
            return pipeline_class.loadFrom(str(path))
    except jvm.java_exception() as error:
        name = jvm.class_name(error)
        if name.startswith(_PACKAGE + "lic."):
            raise dai.licence_error(named, _licence_problem(name)) from None
        raise ModelFormatError(
            f"the MOJO runtime cannot load {named}: {jvm.message(error)} ({name}). "
            "The file may be damaged, or made by a newer Driverless AI than this runtime knows."
        ) from error


def _licence_problem(exception: str) -> str:
    return {
        "LicenseNotFoundException": "needs a Driverless AI licence, and none was found",
        "LicenseExpiredException": "needs a Driverless AI licence, and the one found has expired",
        "InvalidLicenseException": "needs a Driverless AI licence, and the one found is not valid",
    }.get(
        exception.rsplit(".", 1)[-1],
        f"was refused for its licence or signature ({exception.rsplit('.', 1)[-1]})",
    )


class JavaMojo:
    """A loaded Driverless AI MOJO: an :class:`dai_scoring.scorer.Engine`."""

    def __init__(self, pipeline: Any, path: Path, digest: str) -> None:
        self._pipeline = pipeline
        self._empty_frame = jvm.java_class(_PACKAGE + "frame.MojoFrameBuilder").getEmpty
        self._input_meta = pipeline.getInputMeta()
        inputs = [(str(c.getColumnName()), ColumnType(str(c.getColumnType()))) for c in self._input_meta.getColumns()]
        outputs = pipeline.getOutputMeta().getColumns()
        missing = self._missing_literals(path, inputs)
        created = pipeline.getCreationTime()
        self._info = ModelInfo(
            id=str(pipeline.getUuid()),
            kind=Kind.DAI_MOJO.value,
            runtime=RUNTIME,
            runtime_version=_version(),
            sha256=digest,
            created=datetime.fromtimestamp(created.getMillis() / 1000, timezone.utc) if created is not None else None,
            inputs=tuple(Column(name, kind, missing) for name, kind in inputs),
            outputs=tuple(Column(str(c.getColumnName()), ColumnType(str(c.getColumnType()))) for c in outputs),
        )

    @property
    def info(self) -> ModelInfo:
        """The loaded model's description."""
        return self._info

    def predict(self, columns: Sequence[pa.Array], rows: int) -> pa.Table:
        """Score whole columns: see :class:`dai_scoring.scorer.Engine`."""
        outputs = self._info.outputs
        schema = pa.schema([(column.name, column.type.arrow) for column in outputs])
        if rows == 0:
            return schema.empty_table()
        frame = self._empty_frame(self._input_meta, rows)
        for index, (column, values) in enumerate(zip(self._info.inputs, columns, strict=True)):
            fill(frame.getColumnData(index), column.type, values)
        scored = self._pipeline.transform(frame)
        return pa.table(
            [read(scored.getColumnData(index), column.type) for index, column in enumerate(outputs)],
            schema=schema,
        )

    def parse_time(self, column: str, text: str) -> int | None:
        """Read a text in the form that the pipeline was trained with, such as %m/%d/%Y."""
        found = self._parsed(column, text)
        return None if found is None else int(found.getMillis())

    def close(self) -> None:
        """Let Java's garbage collector take the pipeline."""
        self._pipeline = None

    def _parsed(self, column: str, text: str) -> Any:
        """The element that the runtime's own row builder makes of a text; None where missing or refused."""
        builder = self._pipeline.getInputFrameBuilder()
        row = builder.getMojoRowBuilder()
        try:
            row.setValue(column, text)
            builder.addRow(row)
        except jvm.java_exception():
            return None
        return builder.toMojoFrame().getColumnData(self._input_meta.getColumnIndex(column))[0]

    def _missing_literals(self, path: Path, inputs: Sequence[tuple[str, ColumnType]]) -> frozenset[str]:
        """The texts that the pipeline takes for missing values.

        The API does not list them but its row builder knows them, so candidates are tried on it: the usual
        ones, and every short text in the pipeline's definition, among which a custom literal must be.
        """
        texts = [name for name, kind in inputs if kind is ColumnType.STR]
        if texts:
            return frozenset(text for text in _candidates(path) if self._parsed(texts[0], text) is None)
        numbers = [name for name, kind in inputs if kind.is_number]
        if not numbers:
            return frozenset({""})
        return frozenset(text for text in _candidates(path) if self._reads_as_missing(numbers[0], text))

    def _reads_as_missing(self, column: str, text: str) -> bool:
        found = self._parsed(column, text)
        return found is not None and (found != found or int(found) in _MISSING_INT.values())


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


def fill(target: Any, kind: ColumnType, values: pa.Array) -> None:
    """Copy an Arrow array of ``kind.arrow`` into the Java array of a frame's column; null becomes missing."""
    if kind is ColumnType.STR:
        jvm.fill_strings(target, values)
    elif kind is ColumnType.TIME64:
        present = ~null_mask(values)
        jvm.fill_times(target, values.cast(pa.int64()).fill_null(0).to_numpy(), present)
    elif kind is ColumnType.BOOL:
        numbers = values.cast(pa.int8()).fill_null(_MISSING_BOOL)
        target[:] = numbers.to_numpy(zero_copy_only=False)
    elif kind in _MISSING_INT:
        target[:] = values.fill_null(_MISSING_INT[kind]).to_numpy()
    else:
        target[:] = values.to_numpy(zero_copy_only=False)  # null becomes NaN, Java's missing value


def read(data: Any, kind: ColumnType) -> pa.Array:
    """The Java array of a frame's column as an Arrow array of ``kind.arrow``; missing becomes null or NaN."""
    if kind is ColumnType.STR:
        return jvm.strings_to_arrow(data)
    if kind is ColumnType.TIME64:
        millis = [None if item is None else int(item.getMillis()) for item in data]
        return pa.array(millis, pa.int64()).cast(kind.arrow)
    numbers = np.array(data)
    if kind is ColumnType.BOOL:
        return pa.array(numbers == 1, mask=numbers == _MISSING_BOOL)
    if kind in _MISSING_INT:
        return pa.array(numbers, kind.arrow, mask=numbers == _MISSING_INT[kind])
    return pa.array(numbers, kind.arrow)
