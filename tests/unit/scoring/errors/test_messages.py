"""Messages of foreign code without what they quote."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dai_scoring.messages import without_values


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Not an Avro data file.", "Not an Avro data file"),
        ('For input string: "male"', 'For input string: "..."'),
        ("Index for header 'age' is 2, not 'male'!", "Index for header 'age' is 2, not '...'"),
        ("Cannot convert value [male] to Integer for field age", "Cannot convert value [...] to Integer for field age"),
        ("could not convert string to float: 'ma", "could not convert string to float: '...'"),
        ("Failed to write MapRecord[{tags=[a], sex=male}] as JSON", "Failed to write MapRecord[...] as JSON"),
        ("Unexpected end\n at [Source: (String)male]", "Unexpected end"),
        ("", ""),
    ],
)
def test_what_is_quoted_is_left_out_but_for_names_of_columns(said: str, left: str) -> None:
    assert without_values(said, ["age"]) == left


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("ValueError: no Jane Doe of age in 12 rows", "ValueError: no ... of age in 12 rows"),
        ("KeyError: Doe", "KeyError: Doe"),
        ("3750.0 and 3750, but not 37501 or 1.3750", "... and ..., but not 37501 or 1.3750"),
        ("version 1.2.3 of age", "version 1.2.3 of age"),
    ],
)
def test_values_of_the_records_are_left_out_without_quotes_too(said: str, left: str) -> None:
    columns = [pa.array(["Jane Doe", None, "a", "age"]), pa.array([3750.0, None, 12.0, 0.5])]
    assert without_values(said, ["age"], columns) == left
