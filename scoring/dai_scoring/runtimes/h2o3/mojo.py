"""H2O-3 MOJOs on h2o-genmodel, in this process; open source, no licence needed.

Source of the behaviour: hex.genmodel 3.46. Categories become the index of their level, one that the model has
never seen becomes a missing value (as H2O-3's own server does it), times become milliseconds since 1970 UTC.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dai_scoring.errors import ModelFormatError, UnsupportedError
from dai_scoring.formats.declined import Declined
from dai_scoring.model_file import Kind, sha256
from dai_scoring.options import Contributions, Wanted
from dai_scoring.plain_csv import PlainCsv
from dai_scoring.progress import Progress
from dai_scoring.runtimes.h2o3 import contributions, coxph
from dai_scoring.runtimes.java import description, java_jars, jvm
from dai_scoring.runtimes.java.csv_lines import OTHER_FORM, LineReader
from dai_scoring.schema import Column, ColumnType
from dai_scoring.scorer import CONTRIBUTION_CAPABILITY, Capability, ModelInfo, Predicted, RuntimeSettings
from dai_scoring.values import h2o_times
from dai_scoring.values.levels import Levels

RUNTIME = "h2o-genmodel (Java)"

# H2O-3's parser reads these as missing in a column of numbers.
_MISSING = frozenset({"", "NA", "N/A", "na", "n/a", "NaN", "nan"})
_NO_LINES = Declined("the model encodes its columns, or needs an offset or a column that is not in the input")
_NO_ROW_PREDICTIONS = frozenset({"WordEmbedding", "TargetEncoder", "Unknown"})


def load(path: Path, kind: Kind, settings: RuntimeSettings, progress: Progress) -> H2o3Mojo:
    """Load an H2O-3 MOJO; raises ModelError saying what is wrong with it."""
    jars = java_jars.h2o3_jars(settings.jar_folders)
    jvm.start(jars, settings.jvm_options, settings.java_home)
    try:
        model = jvm.java_class("hex.genmodel.MojoModel").load(str(path))
    except jvm.java_exception() as error:
        jvm.check_runtime(error, path)
        raise ModelFormatError(
            f"h2o-genmodel cannot load {path}. The file may be damaged (export it again), or made by a newer H2O-3 "
            f"than this h2o-genmodel knows{jvm.said(error)}."
        ) from error
    try:
        return H2o3Mojo(model, path)
    except jvm.java_exception() as error:
        jvm.check_runtime(error, path)
        raise UnsupportedError(
            f"h2o-genmodel loads {path}, an H2O-3 MOJO of the algorithm {model._algoName}, but "
            f"cannot say what its columns or its predictions are{jvm.said(error)}. Export it again with a newer H2O-3; "
            "if that does not help, H2O's own programs cannot score it either."
        ) from error


class H2o3Mojo:
    """A loaded H2O-3 MOJO: an :class:`dai_scoring.scorer.Engine`."""

    def __init__(self, model: Any, path: Path) -> None:
        category = str(model.getModelCategory())
        if category in _NO_ROW_PREDICTIONS:
            raise UnsupportedError(f"{path} is an H2O-3 model of category {category}, which gives no row predictions.")
        if str(model._algoName) == "gam":
            raise UnsupportedError(
                f"{path} is an H2O-3 GAM, whose MOJO asks for the spline columns that H2O-3 makes in training; "
                "they cannot be made from records."
            )
        self._model = model
        self._helper = jvm.java_class("daiscoring.H2o3")
        self._refused = jvm.java_class("daiscoring.Refused")
        # Models with an encoding of their own (one-hot, binary, ...) name the columns before it "original".
        self._encoded = str(model.getCategoricalEncoding()) not in ("AUTO", "SortByResponse")
        details = _details(path)
        _check_encoding_kept(model, details, path)
        names = [str(n) for n in (model.getOrigNames() or model.getNames())]
        domains = list(model.getOrigDomainValues() or model.getDomainValues())
        times = _time_columns(details)
        features = _feature_count(model, names)
        self._levels: list[Levels | None] = [
            None if domain is None else Levels([str(level) for level in domain]) for domain in domains[:features]
        ]
        self._domains = [None if levels is None else levels.array for levels in self._levels]
        self._features = names[:features]
        self._offset, notes = _offset(model)
        inputs = [
            _input(name, levels, name in times, name == self._offset)
            for name, levels in zip(self._features, self._levels, strict=True)
        ]
        if self._offset is not None and self._offset not in self._features:
            inputs.append(_input(self._offset, None, False, True))
        # Where each feature is found among the inputs; None if the model does not need it from the records.
        self._places: list[int | None] = list(range(features))
        if str(model._algoName) == "coxph":
            asked = coxph.asked_columns(path, features)
            self._places = [asked.index(index) if index in asked else None for index in range(features)]
            inputs = [inputs[index] for index in asked] + inputs[features:]
        self._size = int(model.getPredsSize(model.getModelCategory()))
        self._calibrated = bool(model.calibrateClassProbabilities(jvm.double_arrays([np.zeros(self._size)])[0]))
        self._outputs = _outputs(model, self._size, self._calibrated, self._features, self._domains)
        self._schema = pa.schema([(column.name, column.type.arrow) for column, _ in self._outputs])
        self._wrapper = _wrapper(model) if self._encoded else None
        if self._encoded:
            self._check_encoding(path)
        self._predictor = None if self._encoded else contributions.predictor(model)
        self._contributor = self._make_contributor()
        plainly = self._offset is None and not self._encoded and None not in self._places
        self._lines = LineReader(inputs, self._domains) if plainly else None
        self._info = ModelInfo(
            id=str(model.getUUID()),
            kind=Kind.H2O3_MOJO.value,
            runtime=RUNTIME,
            runtime_version=_version(),
            sha256=sha256(path),
            created=_created(path),
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
        """Score whole columns: see :class:`dai_scoring.scorer.Engine`."""
        features = [pa.nulls(rows, pa.float64()) if place is None else columns[place] for place in self._places]
        unseen: dict[str, npt.NDArray[np.int64]] = {}
        given = self._encoded_rows(features, rows, unseen) if self._encoded else self._matrix(features, unseen)
        raw, refused = self._scores(given, self._offsets(columns), rows)
        contributions = None
        if wanted.contributions is not Contributions.NONE and self._contributor is not None:
            values, further = self._contributions(given, rows, self._contributor.size)
            refused = {**further, **refused}
            contributions = self._contributor.table(wanted.contributions, values)
        return _predicted(self._predictions(raw), contributions, refused, unseen)

    def predict_plain(self, csv: PlainCsv, missing: frozenset[str] = frozenset()) -> Predicted | Declined:
        """Score lines of CSV: see :class:`dai_scoring.scorer.PlainEngine`."""
        layout = _NO_LINES if self._lines is None else self._lines.layout(csv, missing)
        if isinstance(layout, Declined):
            return layout
        lines = jvm.lent(csv.data)
        made = self._helper.scoreLines(self._model, layout, lines, csv.rows, self._size, self._calibrated)
        if made is None or len(made.refused.rows()):
            # Rows that are rejected need their values, which are not parsed here.
            return OTHER_FORM
        unseen = {name: np.array(rows) for name, rows in zip(self._features, made.unseen, strict=True) if len(rows)}
        return Predicted(self._predictions(made.out), unseen=unseen)

    def parse_time(self, column: str, text: str) -> int | None:
        """As H2O-3's parser reads it; MOJOs keep no form of their own for times."""
        return h2o_times.parse(text)

    def for_java(self) -> dict[str, Any]:
        """The description for Java's row scorer: see :class:`dai_scoring.scorer.RowEngine`."""
        names = [column.name for column in self._info.inputs]
        return {
            "kind": "h2o3",
            "columns": description.inputs(self._info.inputs, with_indices=not self._encoded),
            "outputs": description.outputs(self._info.outputs, [domain for _, domain in self._outputs]),
            "features": self._features,
            "places": [-1 if place is None else place for place in self._places],
            "offset": -1 if self._offset is None else names.index(self._offset),
            "encoded": self._encoded,
            "size": self._size,
            "calibrated": self._calibrated,
        }

    def close(self) -> None:
        """Let Java's garbage collector take the model."""
        self._model = self._wrapper = self._predictor = None

    def _predictions(self, raw: Any) -> pa.Table:
        return pa.table(
            [_prediction(np.array(raw[index]), domain) for index, (_, domain) in enumerate(self._outputs)],
            schema=self._schema,
        )

    def _check_encoding(self, path: Path) -> None:
        """Score a row: genmodel may take columns of the training alone for encoded ones, and fail with every row."""
        row = [pa.array([0.0]) if domain is None else domain.slice(0, 1) for domain in self._domains]
        try:
            _, refused = self._scores(self._encoded_rows(row, 1, {}), jvm.double_arrays([np.zeros(1)])[0], 1)
        except jvm.java_exception() as error:
            refused = {0: jvm.said(error)}
        if refused:
            raise UnsupportedError(
                f"h2o-genmodel cannot score {path}, an H2O-3 model with categorical_encoding "
                f"{self._model.getCategoricalEncoding()}: {self._why_not(refused[0])}. Train it without, or with "
                "another encoding."
            )

    def _why_not(self, said: str) -> str:
        names = [str(name) for name in self._model.getOrigNames() or ()][len(self._features) :]
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
        return contributions.Contributor([str(name) for name in names], self._features, self._domains)

    def _scores(self, given: Sequence[Any], offset: Any, rows: int) -> tuple[Any, dict[int, str]]:
        """Arrays of the rows by output, and the rows that the model refused with its reasons."""
        if self._encoded:
            refused = self._refused()
            made = self._helper.scoreEncoded(self._wrapper, *given, offset, rows, self._size, refused)
            return made, _reasons(refused)
        scores = self._helper.score(self._model, *given, offset, rows, self._size, self._calibrated)
        return scores.out, _reasons(scores.refused)

    def _contributions(self, given: Sequence[Any], rows: int, size: int) -> tuple[Any, dict[int, str]]:
        refused = self._refused()
        if self._encoded:
            made = self._helper.contributionsEncoded(self._wrapper, *given, rows, size, refused)
        else:
            made = self._helper.contributions(self._predictor, *given, rows, size, refused)
        return made, _reasons(refused)

    def _offsets(self, columns: Sequence[pa.Array]) -> Any:
        if self._offset is None:
            return None
        index = [column.name for column in self._info.inputs].index(self._offset)
        values = columns[index].to_numpy(zero_copy_only=False)
        return jvm.double_arrays([np.ascontiguousarray(values, dtype=np.float64)])[0]

    def _matrix(self, features: Sequence[pa.Array], unseen: dict[str, npt.NDArray[np.int64]]) -> tuple[Any]:
        """The rows with their categories as indices of levels; ``unseen`` takes the rows of unseen ones."""
        columns = []
        for name, values, levels in zip(self._features, features, self._levels, strict=True):
            if levels is not None and not pa.types.is_floating(values.type):
                values, rows = levels.indices(values)
                if len(rows):
                    unseen[name] = rows
            columns.append(_numbers(values))
        return (jvm.double_arrays(columns),)

    def _encoded_rows(
        self, features: Sequence[pa.Array], rows: int, unseen: dict[str, npt.NDArray[np.int64]]
    ) -> tuple[Any, Any, Any]:
        """The rows with their categories as text, for a model that encodes them itself."""
        numbers: list[Any] = []
        texts: list[Any] = []
        for name, values, levels in zip(self._features, features, self._levels, strict=True):
            if levels is None:
                numbers.append(jvm.double_arrays([_numbers(values)])[0])
                texts.append(None)
            else:
                known, without = levels.texts(values)
                if len(without):
                    unseen[name] = without
                text = jvm.string_array(rows)
                # To the encoders of genmodel a level that the model has never seen is not a missing one.
                jvm.fill_strings(text, pc.coalesce(known, values))
                numbers.append(None)
                texts.append(text)
        return jvm.strings(self._features), jvm.nested_array("double", numbers), jvm.nested_array("string", texts)


def _wrapper(model: Any) -> Any:
    """genmodel's own way in for rows as text, able to give contributions where the model is."""
    easy = jvm.java_class("hex.genmodel.easy.EasyPredictModelWrapper")
    config = jvm.java_class("hex.genmodel.easy.EasyPredictModelWrapper$Config")()
    config.setModel(model).setConvertUnknownCategoricalLevelsToNa(True)
    try:
        return easy(config.setEnableContributions(True))
    except jvm.java_exception():
        return easy(config.setEnableContributions(False))


def _feature_count(model: Any, names: Sequence[str]) -> int:
    """How many of the names, those before an encoding, are features.

    They come first. Behind them are columns of the training alone: weights, offset, fold, treatment, response.
    """
    return len(names) - (len(model.getNames()) - int(model.nfeatures()))


def _input(name: str, levels: Levels | None, is_time: bool, is_offset: bool) -> Column:
    if levels is not None:
        # Empty text is missing even where the model has it as a level, as it is to H2O's own readers.
        return Column(name, ColumnType.STR, frozenset({""}), levels)
    if is_time:
        return Column(name, ColumnType.TIME64, _MISSING, required=is_offset)
    return Column(name, ColumnType.FLOAT64, _MISSING, required=is_offset, with_signs=True)


def _offset(model: Any) -> tuple[str | None, tuple[str, ...]]:
    """The offset column if the MOJO uses it, and a note if it does not use the one of the training."""
    name = model.getOffsetName()
    if name is None:
        return None, ()
    if str(model._algoName) != "deeplearning":
        return str(name), ()
    return None, (
        f"The model was trained with the offset column {name}. The MOJO of a Deep Learning model does not use it: its "
        "predictions differ from those of the H2O-3 server where the offset is not 0.",
    )


_KEPT_ENCODINGS = frozenset({"AUTO", "OneHotInternal", "Enum", "SortByResponse"})


def _check_encoding_kept(model: Any, details: dict[str, Any], path: Path) -> None:
    """Refuse a model that wants encoded columns, such as ``c.lva``, and does not say how they are made."""
    if model.getOrigNames() is not None or str(model.getCategoricalEncoding()) != "AUTO":
        return
    parameters = {one.get("name"): one.get("actual_value") for one in details.get("parameters") or []}
    encoding = parameters.get("categorical_encoding") or "AUTO"
    if encoding in _KEPT_ENCODINGS and not any(str(name).endswith(_MISSING_LEVEL) for name in model.getNames()):
        return
    output = details.get("output") or {}
    if encoding in _ENCODED_BY_NAME and output.get("names") == output.get("original_names"):
        return  # No column was a category.
    how = "" if encoding in _KEPT_ENCODINGS else f" with categorical_encoding {encoding}"
    raise UnsupportedError(
        f"{path} is an H2O-3 model of the algorithm {model._algoName}, trained{how}. Its MOJO wants encoded columns "
        "and does not say how they are made of the original ones, so it would score most rows wrong. Train it with "
        "categorical_encoding one_hot_internal, or AUTO."
    )


_MISSING_LEVEL = ".missing(NA)"
_ENCODED_BY_NAME = frozenset({"OneHotExplicit", "Binary", "EnumLimited", "Eigen"})


def _reasons(refused: Any) -> dict[int, str]:
    rows = refused.rows()
    if not len(rows):
        return {}
    return {int(row): str(reason) for row, reason in zip(rows, refused.reasons(), strict=True)}


def _predicted(
    predictions: pa.Table,
    contributions: pa.Table | None,
    refused: dict[int, str],
    unseen: dict[str, npt.NDArray[np.int64]],
) -> Predicted:
    if refused:
        keep = np.ones(predictions.num_rows, bool)
        keep[list(refused)] = False
        mask = pa.array(keep)
        predictions = predictions.filter(mask)
        contributions = None if contributions is None else contributions.filter(mask)
    return Predicted(predictions, contributions, refused=sorted(refused.items()), unseen=unseen)


def _details(path: Path) -> dict[str, Any]:
    """What H2O-3 wrote of the model for people; absent from MOJOs of old versions."""
    with zipfile.ZipFile(path) as archive:
        try:
            details: dict[str, Any] = json.loads(archive.read("experimental/modelDetails.json"))
        except (KeyError, ValueError):
            return {}
    return details


def _time_columns(details: dict[str, Any]) -> frozenset[str]:
    """The columns that were times in training: the MOJO itself keeps them as numbers without a mark."""
    output = details.get("output") or {}
    names, types = output.get("names") or [], output.get("column_types") or []
    return frozenset(name for name, kind in zip(names, types, strict=False) if kind == "Time")


def _created(path: Path) -> datetime | None:
    with zipfile.ZipFile(path) as archive:
        text = archive.read("model.ini").decode("utf-8", "replace")
    found = re.search(r"^timestamp\s*=\s*(\S+)", text, re.MULTILINE)
    try:
        return datetime.fromisoformat(found.group(1).replace("Z", "+00:00")) if found else None
    except ValueError:
        return None


def _version() -> str:
    # Not of the model's own class, which may be in a jar of an extension, such as XGBoost's.
    known = jvm.java_class("hex.genmodel.MojoModel").class_
    stated = known.getPackage().getImplementationVersion()
    if stated is not None:
        return str(stated)
    # Not where its code is from: the loader that JPype uses where a path is not ASCII does not say.
    found = re.search(r"genmodel-(\d[\d.]*\d)", str(known.getResource("/hex/genmodel/MojoModel.class")))
    return found.group(1) if found else "unknown"


def _outputs(
    model: Any, size: int, calibrated: bool, features: Sequence[str], domains: Sequence[pa.Array | None]
) -> list[tuple[Column, pa.Array | None]]:
    """Output columns in the order of the predictions, with the levels of those that are categories."""
    names = [str(name) for name in model.getOutputNames()]
    levels = list(model.getOutputDomains())
    if str(model.getModelCategory()) == "AutoEncoder":
        names, levels = _reconstructed(features, domains, size), [None] * size
    found: list[tuple[Column, pa.Array | None]] = []
    for name, domain in zip(names, levels, strict=True):
        if domain is None:
            found.append((Column(name, ColumnType.FLOAT64), None))
        else:
            found.append((Column(name, ColumnType.STR), pa.array([str(level) for level in domain], pa.string())))
    if calibrated:
        found += [(Column("cal_" + column.name, ColumnType.FLOAT64), None) for column, _ in found[1:]]
    return found


def _reconstructed(features: Sequence[str], domains: Sequence[pa.Array | None], size: int) -> list[str]:
    """The outputs of an autoencoder as H2O-3 names them: one a level, one for missing, one a number."""
    names: list[str] = []
    for feature, domain in zip(features, domains, strict=True):
        parts = [""] if domain is None else [*(f".{level}" for level in domain.to_pylist()), ".missing(NA)"]
        names += [f"reconstr_{feature}{part}" for part in parts]
    return names if len(names) == size else [f"reconstr_{index}" for index in range(size)]


def _numbers(values: pa.Array) -> npt.NDArray[np.float64]:
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64()).cast(pa.float64(), safe=False)
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _prediction(numbers: npt.NDArray[np.float64], domain: pa.Array | None) -> pa.Array:
    if domain is None:
        return pa.array(numbers, pa.float64(), from_pandas=True)  # H2O-3's NaN is a missing value
    absent = np.isnan(numbers)
    indices = pa.array(np.where(absent, 0, numbers).astype(np.int64), mask=absent)
    return domain.take(indices)
