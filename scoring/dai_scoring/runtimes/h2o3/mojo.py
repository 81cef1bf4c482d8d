"""H2O-3 MOJOs on h2o-genmodel, in this process; open source, no licence needed.

Source of the behaviour: hex.genmodel 3.46. Categories become the index of their level, one that the model has
never seen becomes a missing value (as H2O-3's own server does it), times become milliseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
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
from dai_scoring.errors import ModelFormatError, UnsupportedError
from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import Records
from dai_scoring.model_file import Kind, sha256
from dai_scoring.options import Contributions, Wanted
from dai_scoring.progress import Progress
from dai_scoring.runtimes.h2o3 import contributions, coxph, description, predictions
from dai_scoring.runtimes.h2o3.features import Features
from dai_scoring.runtimes.java import java_arrays, java_jars, jvm, row_description
from dai_scoring.runtimes.java.interrupts import held_back
from dai_scoring.runtimes.java.record_layouts import OTHER_FORM, RecordLayouts, are_whole
from dai_scoring.runtimes.java.row_requests import Made, RequestReader
from dai_scoring.runtimes.java.shared_rows import SharedRows
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.values import h2o_times

RUNTIME = "h2o-genmodel (Java)"

_MISSING_TREE = "daiscoring.MissingTreeException"
_NO_VALUES = Declined("the model encodes its columns, or needs an offset")
_REFUSED = Declined("the model refuses a row")
_NO_RECORDS = Declined("the model encodes its columns, or needs an offset or a column that is not in the input")


def load(path: Path, kind: Kind, settings: RuntimeSettings, progress: Progress) -> H2o3Mojo:
    """Load an H2O-3 MOJO; raises ModelError saying what is wrong with it."""
    return _loaded(path, settings, java_jars.h2o3_jars(settings.jar_folders))


@held_back()
def _loaded(path: Path, settings: RuntimeSettings, jars: Sequence[Path]) -> H2o3Mojo:
    jvm.start(jars, settings.jvm_options, settings.java_home)
    try:
        with jvm.readable(path) as found:
            model = jvm.java_class("daiscoring.H2o3File").load(found)
    except jvm.java_exception() as error:
        jvm.check_runtime(error, path)
        if jvm.class_name(error) == _MISSING_TREE:
            raise ModelFormatError(f"{path} is damaged{jvm.message_of(error)}. Copy or export it again.") from error
        raise ModelFormatError(
            f"h2o-genmodel cannot load {path}. The file may be damaged (export it again), or made by a newer H2O-3 "
            f"than this h2o-genmodel knows{jvm.message_of(error)}."
        ) from error
    try:
        return H2o3Mojo(model, path)
    except jvm.java_exception() as error:
        jvm.check_runtime(error, path)
        raise UnsupportedError(
            f"h2o-genmodel loads {path}, an H2O-3 MOJO of the algorithm {model._algoName}, but "
            f"cannot say what its columns or its predictions are{jvm.message_of(error)}. "
            "Export it again with a newer H2O-3; if that does not help, H2O's own programs cannot score it either."
        ) from error


class H2o3Mojo:
    """A loaded H2O-3 MOJO: an :class:`dai_scoring.engine.Engine`."""

    def __init__(self, model: Any, path: Path) -> None:
        description.check_scores_rows(model, path)
        self._model = model
        self._helper = jvm.java_class("daiscoring.H2o3")
        self._refused = jvm.java_class("daiscoring.RefusedRows")
        # Models with an encoding of their own (one-hot, binary, ...) name the columns before it "original".
        self._encoded = str(model.getCategoricalEncoding()) not in ("AUTO", "SortByResponse")
        details = description.details(path)
        description.check_encoding_kept(model, details, path)
        names = [str(n) for n in (model.getOrigNames() or model.getNames())]
        domains = list(model.getOrigDomainValues() or model.getDomainValues())
        times = description.time_columns(details)
        count = description.feature_count(model, names)
        self._features = Features(names[:count], domains[:count])
        self._shared = SharedRows()
        self._offset, notes = description.offset(model)
        inputs = [
            description.input_column(name, levels, name in times, name == self._offset)
            for name, levels in zip(self._features.names, self._features.levels, strict=True)
        ]
        if self._offset is not None and self._offset not in self._features.names:
            inputs.append(description.input_column(self._offset, None, False, True))
        # Where each feature is found among the inputs; None if the model does not need it from the records.
        self._places: list[int | None] = list(range(count))
        if str(model._algoName) == "coxph":
            asked = coxph.asked_columns(path, count)
            self._places = [asked.index(index) if index in asked else None for index in range(count)]
            inputs = [inputs[index] for index in asked] + inputs[count:]
        self._size = int(model.getPredsSize(model.getModelCategory()))
        self._calibrated = bool(model.calibrateClassProbabilities(java_arrays.primitives(np.zeros(self._size))))
        self._outputs = description.output_columns(model, self._size, self._calibrated, self._features)
        self._schema = pa.schema([(column.name, column.type.arrow) for column, _ in self._outputs])
        self._wrapper = contributions.wrapper(model) if self._encoded else None
        if self._encoded:
            self._check_encoding(path)
        self._predictor = None if self._encoded else contributions.predictor(model)
        self._contributor = self._make_contributor()
        reads_records = self._offset is None and not self._encoded and None not in self._places
        self._layouts = RecordLayouts(inputs, self._features.domains) if reads_records else None
        self._requests = RequestReader(self._layouts, self._score_requests, self._rows_of) if self._layouts else None
        self._info = ModelInfo(
            id=str(model.getUUID()),
            kind=Kind.H2O3_MOJO.value,
            runtime=RUNTIME,
            runtime_version=description.version(),
            sha256=sha256(path),
            created=description.created(path),
            inputs=tuple(inputs),
            outputs=tuple(column for column, _ in self._outputs),
            notes=notes,
        )

    @property
    def info(self) -> ModelInfo:
        """The loaded model's description."""
        return self._info

    def supports(self, capability: Capability) -> bool:
        """Contributions for tree models of one raw prediction; no H2O-3 model has intervals."""
        kinds = self._contributor.kinds if self._contributor is not None else frozenset()
        return capability is Capability.SCORE or capability in {CONTRIBUTION_CAPABILITY[kind] for kind in kinds}

    def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
        """Score whole columns: see :class:`dai_scoring.engine.Engine`."""
        features = [pa.nulls(rows, pa.float64()) if place is None else columns[place] for place in self._places]
        unseen: dict[str, npt.NDArray[np.int64]] = {}
        given: Sequence[Any] = (
            self._features.texts(features, rows, unseen) if self._encoded else self._features.numbers(features, unseen)
        )
        raw, refused = self._scores(given, self._offsets(columns), rows)
        contributions = None
        if wanted.contributions is not Contributions.NONE and self._contributor is not None:
            values, further = self._contributions(given, rows, self._contributor.size)
            refused = {**further, **refused}
            contributions = self._contributor.table(wanted.contributions, values)
        return predictions.predicted(self._predictions(raw), contributions, refused, unseen)

    def predict_values(self, columns: Sequence[Sequence[Any]], rows: int) -> PredictedValues | Declined:
        """Score few rows: see :class:`dai_scoring.engine.ValuesEngine`."""
        if self._encoded or self._offset is not None:
            return _NO_VALUES
        features = [[None] * rows if place is None else columns[place] for place in self._places]
        unseen: dict[str, npt.NDArray[np.int64]] = {}
        scores = self._all_scores(self._features.numbers_of_values(features, unseen), None, rows)
        if len(scores.refused.rows()):
            return _REFUSED
        made = [predictions.values_of(scores.out[at], domain) for at, (_, domain) in enumerate(self._outputs)]
        return PredictedValues(made, unseen)

    def predict_records(self, records: Records, missing: frozenset[str] = frozenset()) -> Predicted | Declined:
        """Score records as they stand: see :class:`dai_scoring.engine.RecordsEngine`."""
        layout = _NO_RECORDS if self._layouts is None else self._layouts.layout(records, missing)
        if isinstance(layout, Declined):
            return layout
        data = java_arrays.byte_buffer(records.data)
        made = self._helper.scoreRecords(self._model, layout, data, records.rows, self._size, self._calibrated)
        if made is None or len(made.refused.rows()) or not are_whole(records, made.ends):
            # Rows that are rejected need their values, which are not parsed here.
            return OTHER_FORM
        return Predicted(self._predictions(made.out), unseen=self._unseen(made), ends=np.array(made.ends))

    def predict_requests(self, requests: Sequence[bytes], kind: RowRequests) -> PredictedRequests | Declined:
        """Score requests: see :class:`dai_scoring.engine.RequestsEngine`."""
        return _NO_RECORDS if self._requests is None else self._requests.predict(requests, kind)

    def parse_time(self, column: str, text: str) -> int | None:
        """As H2O-3's parser reads it; MOJOs keep no form of their own for times."""
        return h2o_times.parse(text)

    def for_java(self) -> dict[str, Any]:
        """The description for Java's row scorer: see :class:`dai_scoring.engine.RowEngine`."""
        names = [column.name for column in self._info.inputs]
        return {
            "kind": "h2o3",
            "columns": row_description.inputs(self._info.inputs, with_indices=not self._encoded),
            "outputs": row_description.outputs(self._info.outputs, [domain for _, domain in self._outputs]),
            "features": self._features.names,
            "places": [-1 if place is None else place for place in self._places],
            "offset": -1 if self._offset is None else names.index(self._offset),
            "encoded": self._encoded,
            "size": self._size,
            "calibrated": self._calibrated,
        }

    def close(self) -> None:
        """Let Java's garbage collector take the model."""
        self._model = self._wrapper = self._predictor = None

    def _score_requests(self, reader: Any, data: bytes, ends: Any) -> Made:
        made = self._helper.scoreRequests(self._model, reader, data, ends, self._size, self._calibrated)
        return Made(made.flat, self._unseen(made) if made.hasUnseen else {})

    def _rows_of(self, values: npt.NDArray[np.float64]) -> list[tuple[Any, ...]]:
        columns = [predictions.values_of(values[at], domain) for at, (_, domain) in enumerate(self._outputs)]
        return list(zip(*columns, strict=True))

    def _unseen(self, made: Any) -> dict[str, npt.NDArray[np.int64]]:
        """By feature the rows with a level that the model has not seen."""
        return {name: np.array(rows) for name, rows in zip(self._features.names, made.unseen, strict=True) if len(rows)}

    def _predictions(self, raw: Any) -> pa.Table:
        return pa.table(
            [predictions.column(np.array(raw[index]), domain) for index, (_, domain) in enumerate(self._outputs)],
            schema=self._schema,
        )

    def _check_encoding(self, path: Path) -> None:
        """Score a row: genmodel may take columns of the training alone for encoded ones, and fail with every row."""
        row = [pa.array([0.0]) if domain is None else domain.slice(0, 1) for domain in self._features.domains]
        try:
            _, refused = self._scores(self._features.texts(row, 1, {}), java_arrays.primitives(np.zeros(1)), 1)
        except jvm.java_exception() as error:
            refused = {0: jvm.message_of(error)}
        if refused:
            raise UnsupportedError(
                f"h2o-genmodel cannot score {path}, an H2O-3 model with categorical_encoding "
                f"{self._model.getCategoricalEncoding()}: {self._why_not(refused[0])}. Train it without, or with "
                "another encoding."
            )

    def _why_not(self, said: str) -> str:
        names = [str(name) for name in self._model.getOrigNames() or ()][len(self._features.names) :]
        others = [name for name in names if name not in (self._offset, str(self._model.getResponseName()))]
        kinds = [f"the offset column {self._offset}"] * (self._offset in names)
        kinds += [f"the column(s) {', '.join(others)} of weights or folds"] * bool(others)
        if not kinds:
            return f"it fails with any row{said}"
        return f"it takes {' and '.join(kinds)} for one that it has to encode"

    def _make_contributor(self) -> contributions.Contributor | None:
        if self._wrapper is not None:
            names = self._wrapper.getContributionNames() if self._wrapper.getEnableContributions() else None
        else:
            names = self._predictor.getContributionNames() if self._predictor is not None else None
        if names is None:
            return None
        return contributions.Contributor([str(name) for name in names], self._features.names, self._features.domains)

    def _scores(self, given: Sequence[Any], offset: Any, rows: int) -> tuple[Any, dict[int, str]]:
        """Arrays of the rows by output, and the rows that the model refused with its reasons."""
        if self._encoded:
            refused = self._refused()
            made = self._helper.scoreEncoded(self._wrapper, *given, offset, rows, self._size, refused)
            return made, _reasons(refused)
        scores = self._all_scores(given, offset, rows)
        return scores.out, _reasons(scores.refused)

    def _all_scores(self, columns: Sequence[Any], offset: Any, rows: int) -> Any:
        scores = self._helper.scores(self._model, rows, self._size, self._calibrated)
        for block, width, count in self._shared.blocks(columns, rows):
            scores.addAll(block, width, offset, count)
        return scores

    def _contributions(self, given: Sequence[Any], rows: int, size: int) -> tuple[Any, dict[int, str]]:
        made = jvm.java_class("daiscoring.H2o3Contributions")(rows, size)
        if self._encoded:
            made.addEncoded(self._wrapper, *given, rows)
        else:
            for block in self._shared.blocks(given, rows):
                made.addAll(self._predictor, *block)
        return made.out, _reasons(made.refused)

    def _offsets(self, columns: Sequence[pa.Array]) -> Any:
        if self._offset is None:
            return None
        index = [column.name for column in self._info.inputs].index(self._offset)
        values = columns[index].to_numpy(zero_copy_only=False)
        return java_arrays.primitives(np.asarray(values, dtype=np.float64))


def _reasons(refused: Any) -> dict[int, str]:
    rows = refused.rows()
    if not len(rows):
        return {}
    return {int(row): str(reason) for row, reason in zip(rows, refused.reasons(), strict=True)}
