"""Contributions (Shapley values) of H2O-3's tree models, by TreeSHAP in h2o-genmodel.

Source of the behaviour: hex.genmodel 3.46. Its names are those of the model's features, and BiasTerm; here all have
the prefix ``contrib_``, as with Driverless AI, since H2O-3's bare names are those of the input columns. A row's
contributions and its bias add up to the raw prediction: the value before the link (GBM, XGBoost) or the mean of the
trees' votes for the second class (DRF).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dai_scoring.options import Contributions
from dai_scoring.runtimes.java import jvm

PREFIX = "contrib_"

_MISSING_LEVEL = "missing(NA)"
_MOST_BITS = 32


class Contributor:
    """What the contributions of one model are called, and which of them belong to which input column."""

    def __init__(self, names: Sequence[str], features: Sequence[str], domains: Sequence[pa.Array | None]) -> None:
        self._names = list(names)
        self._groups = _groups(names, features, domains)

    @property
    def kinds(self) -> frozenset[Contributions]:
        """What can be asked for; original where every feature of the model belongs to one input column."""
        original = {Contributions.ORIGINAL} if self._groups is not None else set()
        return frozenset({Contributions.TRANSFORMED, *original})

    @property
    def size(self) -> int:
        """How many values genmodel gives for a row, the bias included."""
        return len(self._names)

    def table(self, kind: Contributions, raw: Any) -> pa.Table:
        """Contributions as columns of an Arrow table, from genmodel's: a ``float[]`` of the rows for each name."""
        columns = [np.array(one, dtype=np.float32) for one in raw]
        if kind is Contributions.TRANSFORMED or self._groups is None:
            return pa.table(dict(zip((PREFIX + name for name in self._names), columns, strict=True)))
        summed = {}
        for name, members in self._groups.items():
            whole = np.sum([columns[index] for index in members], axis=0, dtype=np.float64)
            summed[PREFIX + name] = np.asarray(whole, dtype=np.float32)
        return pa.table(summed)


def predictor(model: Any) -> Any:
    """The model's own predictor of contributions, safe to share between threads; None if it has none."""
    if not jvm.java_class("hex.genmodel.PredictContributionsFactory").class_.isInstance(model):
        return None
    try:
        return model.makeContributionsPredictor()
    except jvm.java_exception():  # such as a model of more than two classes
        return None


def _groups(
    names: Sequence[str], features: Sequence[str], domains: Sequence[pa.Array | None]
) -> dict[str, list[int]] | None:
    """Which contributions belong to which input column, the bias last; None if that is not known."""
    owner = {feature: feature for feature in features}
    for feature, domain in zip(features, domains, strict=True):
        if domain is not None:
            # As H2O-3 encodes categories: one-hot, as their projection, in binary.
            levels = [f".{level}" for level in (*domain.to_pylist(), _MISSING_LEVEL, "Eigen")]
            bits = [f":{bit}" for bit in range(_MOST_BITS)]
            owner.update({feature + part: feature for part in (*levels, *bits)})
    groups: dict[str, list[int]] = {feature: [] for feature in features}
    for index, name in enumerate(names[:-1]):
        if name not in owner:
            return None
        groups[owner[name]].append(index)
    return {**{name: members for name, members in groups.items() if members}, names[-1]: [len(names) - 1]}


def wrapper(model: Any) -> Any:
    """genmodel's own way in for rows as text, able to give contributions where the model is."""
    easy = jvm.java_class("hex.genmodel.easy.EasyPredictModelWrapper")
    config = jvm.java_class("hex.genmodel.easy.EasyPredictModelWrapper$Config")()
    config.setModel(model).setConvertUnknownCategoricalLevelsToNa(True)
    try:
        return easy(config.setEnableContributions(True))
    except jvm.java_exception():
        return easy(config.setEnableContributions(False))
