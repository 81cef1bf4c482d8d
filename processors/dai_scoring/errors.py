"""The errors of the scoring library, as one tree.

::

    ScoringError
    ├── ModelError                  the model cannot be used at all; scoring does not start
    │   ├── ModelNotFoundError      no file at the path
    │   ├── ModelFormatError        the file is not a model that any runtime here knows, or is damaged
    │   ├── LicenceError            the runtime refuses the model without a (valid) licence
    │   ├── EnvironmentMissingError the Python environment of a scoring pipeline is not there, or cannot be made
    │   ├── RuntimeMissingError     the runtime for this kind of model is not installed
    │   └── UnsupportedError        the model cannot do what the options ask for
    ├── OptionError                 an option has a value that makes no sense, whatever the data
    ├── ExecutionError              the model's own code fails with this input
    │   ├── WorkerFailedError       its process dies or hangs, and so does its successor
    │   └── PipelineError           it raises an error that is not about single rows
    └── InputError                  this input cannot be scored; another one may be
        ├── MissingColumnsError     columns of the model are absent from the records
        ├── ContentError            the bytes are not (valid) records of the format
        ├── UnknownFormatError      neither the options nor the bytes say which format it is
        ├── NameClashError          a prediction would overwrite an input column
        └── BadRowsError            rows were rejected and the options say that fails the input

Every error has a ``code``: a stable, lower-case word for scripts and for the NiFi attribute
``scoring.error.code``. The message is for people: what was wrong, where, and what to do. Messages never
hold a licence key; they hold a value of a row only where the caller put it into the rejects itself.
"""

from __future__ import annotations

from collections.abc import Sequence


class ScoringError(Exception):
    """Base of all errors that this library raises on purpose."""

    code = "scoring_error"

    def __init__(self, message: str = "", option: str | None = None) -> None:
        super().__init__(message)
        self.option = option
        """The option whose value is at fault, by its property's name, where it is not the model itself."""


class ModelError(ScoringError):
    """The model cannot be used; no input would help."""

    code = "model_error"


class ModelNotFoundError(ModelError):
    """There is no file at the model's path."""

    code = "model_not_found"


class ModelFormatError(ModelError):
    """The file is not a model that a runtime here knows, or it is damaged."""

    code = "model_format"


class LicenceError(ModelError):
    """The runtime found no licence that it accepts for this model."""

    code = "licence"


class RuntimeMissingError(ModelError):
    """The runtime that this kind of model needs is not installed, or does not start."""

    code = "runtime_missing"


class EnvironmentMissingError(ModelError):
    """The Python environment that a scoring pipeline needs is not there, or cannot be made."""

    code = "environment_missing"


class UnsupportedError(ModelError):
    """The model cannot do what the options ask for, such as contributions."""

    code = "unsupported"


class OptionError(ScoringError):
    """An option's value makes no sense, whatever the data."""

    code = "option"


class ExecutionError(ScoringError):
    """The model's own code fails with this input; another may do."""

    code = "execution"


class WorkerFailedError(ExecutionError):
    """A worker process died or hung with these rows, and so did its successor."""

    code = "worker_failed"


class PipelineError(ExecutionError):
    """The code of a Python scoring pipeline raised an error that is not about single rows."""

    code = "pipeline_error"


class InputError(ScoringError):
    """This input cannot be scored; another may be."""

    code = "input_error"


class MissingColumnsError(InputError):
    """Columns that the model wants are absent from the records."""

    code = "missing_columns"

    def __init__(self, missing: Sequence[str], present: Sequence[str], wanted: Sequence[str]) -> None:
        self.missing = tuple(missing)
        if present and not {name.lower() for name in wanted} & {name.lower() for name in present}:
            # What was taken for names may be the values of a row.
            has = f"The records have none of them, but {len(present)} other(s): does CSV lack the line with its names?"
        else:
            shown = ", ".join(present[:50]) + (", ..." if len(present) > 50 else "")
            has = f"The records have: {shown or '(no columns)'}."
        super().__init__(
            f"{len(missing)} column(s) of the model are missing from the records: {', '.join(missing)}. {has} "
            "Rename or add them (names are case-sensitive), or set Missing Columns to 'treat as missing values'."
        )


class ContentError(InputError):
    """The bytes are not valid records of their format; says where they stop being so."""

    code = "malformed_content"


class UnknownFormatError(InputError):
    """Neither the options nor the bytes say which format the records have."""

    code = "unknown_format"


class NameClashError(InputError):
    """A prediction column would have the name of an input column."""

    code = "name_clash"

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            f"prediction column(s) {', '.join(names)} already exist in the records. "
            "Set a Prediction Prefix, or choose other Output Columns."
        )


class BadRowsError(InputError):
    """Rows were rejected, and the options say that this fails the whole input."""

    code = "bad_rows"
