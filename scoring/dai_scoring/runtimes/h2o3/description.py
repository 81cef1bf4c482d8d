"""Reads what an H2O-3 MOJO says of itself: columns, outputs, version and date, and what keeps it from scoring."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from dai_scoring.errors import UnsupportedError
from dai_scoring.runtimes.h2o3.features import Features
from dai_scoring.runtimes.java import jvm
from dai_scoring.schema import Column, ColumnType
from dai_scoring.values.levels import Levels

# H2O-3's parser reads these as missing in a column of numbers.
_MISSING = frozenset({"", "NA", "N/A", "na", "n/a", "NaN", "nan"})
_NO_ROW_PREDICTIONS = frozenset({"WordEmbedding", "TargetEncoder", "Unknown"})
_KEPT_ENCODINGS = frozenset({"AUTO", "OneHotInternal", "Enum", "SortByResponse"})
_MISSING_LEVEL = ".missing(NA)"
_ENCODED_BY_NAME = frozenset({"OneHotExplicit", "Binary", "EnumLimited", "Eigen"})


def feature_count(model: Any, names: Sequence[str]) -> int:
    """How many of the names, those before an encoding, are features.

    They come first. After them are columns of the training alone: weights, offset, fold, treatment, response.
    """
    return len(names) - (len(model.getNames()) - int(model.nfeatures()))


def input_column(name: str, levels: Levels | None, is_time: bool, is_offset: bool) -> Column:
    """A column of the records that the model takes; ``levels`` are those of a category."""
    if levels is not None:
        # Empty text is missing even where the model has it as a level, as it is to H2O's own readers.
        return Column(name, ColumnType.STR, frozenset({""}), levels)
    if is_time:
        return Column(name, ColumnType.TIME64, _MISSING, required=is_offset)
    return Column(name, ColumnType.FLOAT64, _MISSING, required=is_offset, with_signs=True)


def offset(model: Any) -> tuple[str | None, tuple[str, ...]]:
    """The offset column if the MOJO uses it, and a note if it does not use the one of the training."""
    name = model.getOffsetName()
    if name is None:
        return None, ()
    if str(model._algoName) != "deeplearning":
        return str(name), ()
    return None, (
        f"The model was trained with the offset column {name}. The MOJO of a Deep Learning model does not use it: its "
        "predictions differ from those of the H2O-3 server where the offset is greater than 0.",
    )


def check_scores_rows(model: Any, path: Path) -> None:
    """Raise UnsupportedError for a model that gives no predictions for rows of records."""
    category = str(model.getModelCategory())
    if category in _NO_ROW_PREDICTIONS:
        raise UnsupportedError(f"{path} is an H2O-3 model of category {category}, which gives no row predictions.")
    if str(model._algoName) == "gam":
        raise UnsupportedError(
            f"{path} is an H2O-3 GAM, whose MOJO asks for the spline columns that H2O-3 makes in training; "
            "they cannot be made from records."
        )


def check_encoding_kept(model: Any, details: dict[str, Any], path: Path) -> None:
    """Raise UnsupportedError for a model that wants encoded columns, such as ``c.lva``, and lacks their encoding."""
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


def details(path: Path) -> dict[str, Any]:
    """What H2O-3 wrote of the model for people; absent from MOJOs of old versions."""
    with zipfile.ZipFile(path) as archive:
        try:
            details: dict[str, Any] = json.loads(archive.read("experimental/modelDetails.json"))
        except (KeyError, ValueError):
            return {}
    return details


def time_columns(details: dict[str, Any]) -> frozenset[str]:
    """The columns that were times in training: the MOJO itself keeps them as numbers without a mark."""
    output = details.get("output") or {}
    names, types = output.get("names") or [], output.get("column_types") or []
    return frozenset(name for name, kind in zip(names, types, strict=False) if kind == "Time")


def created(path: Path) -> datetime | None:
    """When the MOJO was made; None if it does not say."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read("model.ini").decode("utf-8", "replace")
    found = re.search(r"^timestamp\s*=\s*(\S+)", text, re.MULTILINE)
    try:
        return datetime.fromisoformat(found.group(1).replace("Z", "+00:00")) if found else None
    except ValueError:
        return None


def version() -> str:
    """The version of h2o-genmodel that runs."""
    # Not of the model's own class, which may be in a jar of an extension, such as XGBoost's.
    known = jvm.java_class("hex.genmodel.MojoModel").class_
    stated = known.getPackage().getImplementationVersion()
    if stated is not None:
        return str(stated)
    # Not where its code is from: the loader that JPype uses where a path is not ASCII does not say.
    found = re.search(r"genmodel-(\d[\d.]*\d)", str(known.getResource("/hex/genmodel/MojoModel.class")))
    return found.group(1) if found else "unknown"


def output_columns(model: Any, size: int, calibrated: bool, features: Features) -> list[tuple[Column, pa.Array | None]]:
    """Output columns in the order of the predictions, with the levels of those that are categories."""
    names = [str(name) for name in model.getOutputNames()]
    levels = list(model.getOutputDomains())
    if str(model.getModelCategory()) == "AutoEncoder":
        names, levels = _reconstructed(features, size), [None] * size
    found: list[tuple[Column, pa.Array | None]] = []
    for name, domain in zip(names, levels, strict=True):
        if domain is None:
            found.append((Column(name, ColumnType.FLOAT64), None))
        else:
            found.append((Column(name, ColumnType.STR), pa.array([str(level) for level in domain], pa.string())))
    if calibrated:
        found += [(Column("cal_" + column.name, ColumnType.FLOAT64), None) for column, _ in found[1:]]
    return found


def _reconstructed(features: Features, size: int) -> list[str]:
    """The outputs of an autoencoder as H2O-3 names them: one a level, one for missing, one a number."""
    names: list[str] = []
    for feature, domain in zip(features.names, features.domains, strict=True):
        parts = [""] if domain is None else [*(f".{level}" for level in domain.to_pylist()), ".missing(NA)"]
        names += [f"reconstr_{feature}{part}" for part in parts]
    return names if len(names) == size else [f"reconstr_{index}" for index in range(size)]
