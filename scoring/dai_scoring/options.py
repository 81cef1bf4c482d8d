"""What a caller may choose, in the words that the processors' properties and the command line use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class MissingColumns(Enum):
    """What to do when a column of the model is absent from the records."""

    FAIL = "fail"
    AS_MISSING = "treat as missing values"


class BadRows(Enum):
    """What to do with rows that cannot be scored."""

    REJECT = "route to rejected"
    FAIL = "fail the FlowFile"
    KEEP = "keep with the reason"
    """In their place among the scored ones, without predictions."""


class OutputColumns(Enum):
    """Which columns a scored record has."""

    ALL = "input and predictions"
    IDS = "id columns and predictions"
    PREDICTIONS = "predictions"


class Contributions(Enum):
    """Shapley values to give with each prediction: none, of the input columns, or of what the model made of them."""

    NONE = "none"
    ORIGINAL = "original"
    TRANSFORMED = "transformed"


@dataclass(frozen=True)
class Wanted:
    """What to give beside the predictions."""

    contributions: Contributions = Contributions.NONE
    intervals: bool = False


PREDICTIONS_ONLY = Wanted()
