"""The contract that every runtime fulfils: a loaded model that scores whole columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.formats.declined import Declined
from dai_scoring.formats.records import Records
from dai_scoring.options import Contributions, Wanted
from dai_scoring.schema import Column

REFUSED = "refused_by_model"
"""The reject code of a row that the model itself raised an error for; the value is what it said."""


class Capability(Enum):
    """What a model can be asked for, in the words of H2O's REST scorer."""

    SCORE = "SCORE"
    PREDICTION_INTERVAL = "SCORE_PREDICTION_INTERVAL"
    CONTRIBUTION_ORIGINAL = "CONTRIBUTION_ORIGINAL"
    CONTRIBUTION_TRANSFORMED = "CONTRIBUTION_TRANSFORMED"


CONTRIBUTION_CAPABILITY = {
    Contributions.ORIGINAL: Capability.CONTRIBUTION_ORIGINAL,
    Contributions.TRANSFORMED: Capability.CONTRIBUTION_TRANSFORMED,
}
"""The capability that each kind of contributions needs."""

CAPABILITY_NAMES = {
    Capability.PREDICTION_INTERVAL: "prediction intervals",
    Capability.CONTRIBUTION_ORIGINAL: "contributions of the original columns",
    Capability.CONTRIBUTION_TRANSFORMED: "contributions of transformed features",
}
"""What errors call the capabilities that a model may lack."""


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a loaded model.

    ``sha256`` is of the model file, in hex. ``created`` is None if the model does not say. ``kind`` is
    one of :class:`dai_scoring.model_file.Kind`'s values, ``runtime`` the library that scores it.
    """

    id: str
    kind: str
    runtime: str
    runtime_version: str
    sha256: str
    created: datetime | None
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    notes: tuple[str, ...] = ()
    """What a user should know of this model's scores, in sentences."""


@dataclass(frozen=True)
class Predicted:
    """What a runtime makes of some rows.

    ``predictions`` has the columns ``ModelInfo.outputs``; ``contributions`` and ``intervals`` are None unless
    they were wanted. All have one row for each given row that the model did not refuse, in order. ``refused``
    has the others, ascending: the row, from 0, and why. ``unseen`` has, by input column, the given rows with a level
    that the model has not seen, ascending, from 0; None if the runtime does not tell. ``ends`` are where the records
    end, if the runtime was given their bytes.
    """

    predictions: pa.Table
    contributions: pa.Table | None = None
    intervals: pa.Table | None = None
    refused: Sequence[tuple[int, str]] = ()
    unseen: Mapping[str, npt.NDArray[np.int64]] | None = None
    ends: npt.NDArray[np.int64] | None = None

    @property
    def outputs(self) -> pa.Table:
        """All that the model gave, side by side: predictions, intervals, contributions."""
        return side_by_side(self.predictions, self.intervals, self.contributions)

    @property
    def unseen_counts(self) -> Mapping[str, int] | None:
        """How many values of each column are levels that the model has not seen; None if the runtime does not tell."""
        return None if self.unseen is None else {name: len(rows) for name, rows in self.unseen.items()}

    def none(self) -> Predicted:
        """The same columns without a row."""
        return Predicted(
            self.predictions.schema.empty_table(),
            None if self.contributions is None else self.contributions.schema.empty_table(),
            None if self.intervals is None else self.intervals.schema.empty_table(),
        )


@dataclass(frozen=True)
class Scored:
    """The outcome of scoring one table of n rows.

    ``predictions`` has one row for each scored row, in order, with the columns ``ModelInfo.outputs``;
    ``rejects`` has :data:`dai_scoring.values.rejected.REJECT_SCHEMA`, ordered by row. Their lengths add up to n.
    ``contributions`` and ``intervals`` are None unless wanted, and have the rows of ``predictions``. ``unseen`` counts,
    by input column, the values that are levels which the model has not seen; None if the runtime does not tell.
    ``unseen_rows`` has their rows, numbered as those that the model was given: all, where nothing was rejected.
    """

    predictions: pa.Table
    rejects: pa.Table
    contributions: pa.Table | None = None
    intervals: pa.Table | None = None
    unseen: Mapping[str, int] | None = None
    unseen_rows: Mapping[str, npt.NDArray[np.int64]] | None = None

    @property
    def outputs(self) -> pa.Table:
        """All that the model gave, side by side: predictions, intervals, contributions."""
        return side_by_side(self.predictions, self.intervals, self.contributions)


class Engine(Protocol):
    """What a runtime module provides: a loaded model that scores whole columns."""

    @property
    def info(self) -> ModelInfo:
        """The loaded model's description."""
        ...

    def supports(self, capability: Capability) -> bool:
        """Whether the model can be asked for that; finding it out may take as long as loading the model again."""
        ...

    def predict(self, columns: Sequence[pa.Array], rows: int, wanted: Wanted) -> Predicted:
        """Score ``rows`` rows, given as one array for each of ``info.inputs``, of its type, null where missing.

        ``wanted`` is what the model supports; ``rows`` may be 0. Called from several threads at once.
        """
        ...

    def parse_time(self, column: str, text: str) -> int | None:
        """Milliseconds since 1970 UTC for a text that is not ISO 8601, where the model knows its form."""
        ...

    def close(self) -> None:
        """Release the model."""
        ...


@runtime_checkable
class RecordsEngine(Protocol):
    """What the module of a runtime that reads records itself provides, besides :class:`Engine`."""

    def predict_records(self, records: Records, missing: frozenset[str] = frozenset()) -> Predicted | Declined:
        """The predictions for records of a file, without contributions and intervals, none refused.

        ``missing`` are texts that mean a missing value besides those of the inputs. Declined if columns of the model
        are absent, or some value has a form that could be read in two ways. Called from several threads at once.
        """
        ...


@dataclass(slots=True)
class PredictedValues:
    """What a runtime makes of few rows, as Python's objects.

    ``columns`` has a list for each of ``ModelInfo.outputs``: floats, integers or texts, None where missing. ``unseen``
    is that of :class:`Predicted`.
    """

    columns: Sequence[Sequence[Any]]
    unseen: Mapping[str, npt.NDArray[np.int64]] | None = None


@runtime_checkable
class ValuesEngine(Protocol):
    """What the module of a runtime that takes Python's objects provides, besides :class:`Engine`."""

    def predict_values(self, columns: Sequence[Sequence[Any]], rows: int) -> PredictedValues | Declined:
        """The predictions for ``rows`` rows, at least one, without contributions and intervals.

        ``columns`` has the values of each of ``info.inputs`` as :func:`dai_scoring.values.few_rows.quick_values` gives
        them. Declined if the model refuses a row, or has columns that need Arrow. Called from several threads at once.
        """
        ...


@dataclass(frozen=True)
class RowRequests:
    """Requests of one row each.

    They are JSON objects, each alone or in an array; with ``are_h2o``, the requests of H2O's REST scorers. No object
    may have a name of ``absent``. With ``names`` they are lines of CSV, which have columns of these names, all
    different, quotes that begin and end fields at most, those between doubled, and a line feed at their end alone.
    ``missing`` are texts that mean a missing value besides those of the inputs.
    """

    are_h2o: bool = False
    absent: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    delimiter: str = ","


@dataclass(slots=True)
class PredictedRequests:
    """What a runtime makes of requests of one row each.

    ``scored`` says for each request whether it was scored. ``rows`` has its predictions as Python's objects, of no use
    if it was not scored. ``unseen`` is that of :class:`Predicted`, for rows that were scored.
    """

    scored: Sequence[bool]
    rows: Sequence[Sequence[Any]]
    unseen: Mapping[str, npt.NDArray[np.int64]] | None = None


@runtime_checkable
class RequestsEngine(Protocol):
    """What the module of a runtime that reads requests of one row provides, besides :class:`Engine`."""

    def predict_requests(self, requests: Sequence[bytes], kind: RowRequests) -> PredictedRequests | Declined:
        """The predictions for requests, without contributions and intervals.

        A request is not scored if it has another form or other columns, or a value that could be read in two ways.
        Called from several threads at once.
        """
        ...


@runtime_checkable
class RowEngine(Protocol):
    """What the module of a runtime provides, besides :class:`Engine`, if Java can score rows without Python."""

    def for_java(self) -> dict[str, Any]:
        """What the class ``daiscoring.rows.Description`` reads of the model, as JSON has it."""
        ...


def side_by_side(predictions: pa.Table, *further: pa.Table | None) -> pa.Table:
    """The columns of all tables that there are, in this order."""
    whole = predictions
    for table in further:
        if table is not None:
            for name, values in zip(table.schema.names, table.columns, strict=True):
                whole = whole.append_column(name, values)
    return whole
