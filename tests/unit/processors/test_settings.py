"""What is said of values of properties that will not do; NiFi puts it behind "'NAME' is invalid because"."""

from __future__ import annotations

import pytest

from dai_scoring_nifi import settings


def said(**values: str) -> dict[str, str]:
    """What is said of these properties, by their names with underscores for blanks."""
    given = {"Model File": "model.mojo", **{name.replace("_", " "): value for name, value in values.items()}}
    found, problems = settings.read(given.get)
    assert (found is None) == bool(problems)
    return {problem.subject: problem.explanation for problem in problems}


@pytest.mark.parametrize(
    ("name", "value", "explanation"),
    [
        (
            "Model File",
            "s3://models/churn.mojo",
            "this is an address. Copy the model to each machine that runs NiFi, or upload it as a parameter's asset",
        ),
        ("Batch Rows", "0", "the value must be a whole number of at least 1"),
        ("CSV Delimiter", ";;", "the value must be one character, \\t for a tab, or 'auto'"),
        ("Bad Rows", "drop", "the value must be one of: route to rejected, fail the FlowFile, keep with the reason"),
        ("Prediction Intervals", "yes", "the value must be one of: off, on"),
        ("Score Timeout", "0 sec", "the value must be a time longer than zero, such as 30 sec or 5 mins"),
        (
            "Licence File",
            "/nowhere",
            "/nowhere does not exist on the machine that runs NiFi: check the path",
        ),
        ("JVM Options", '-Da="b', "a quote is opened but not closed, or the value ends with a backslash"),
        ("JVM Options", "-Xmx1g fast", "options begin with -, and 'fast' does not"),
        ("JVM Options", "-Xmx4m", "-Xmx4m is too little memory for any model: set at least -Xmx64m"),
    ],
)
def test_one_bad_value(name: str, value: str, explanation: str) -> None:
    assert said(**{name: value}) == {name: explanation}


def test_values_that_go_together() -> None:
    assert said(Record_Reader="a service") == {"Record Writer": "set both Record Reader and Record Writer, or neither"}
    assert said(Output_Columns="id columns and predictions") == {
        "Id Columns": "Output Columns is 'id columns and predictions': name at least one column here"
    }
    assert said(JVM_Options="-Xmx1g -Da='b c'") == {}
