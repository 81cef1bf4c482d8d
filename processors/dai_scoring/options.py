"""What a caller may choose, in the words that the processors' properties and the command line use."""

from __future__ import annotations

from enum import Enum


class MissingColumns(Enum):
    """What to do when a column of the model is absent from the records."""

    FAIL = "fail"
    AS_MISSING = "treat as missing values"


class BadRows(Enum):
    """What to do with rows that cannot be scored."""

    REJECT = "route to rejected"
    FAIL = "fail the FlowFile"


class OutputColumns(Enum):
    """Which columns a scored record has."""

    ALL = "input and predictions"
    IDS = "id columns and predictions"
    PREDICTIONS = "predictions"
