"""JSON cut by the bytes that stand between its parts."""

from __future__ import annotations

import pytest

from dai_scoring.formats.json.alike import array_of_objects, lines_of_objects, rows_of_values


def test_an_array_is_cut_between_its_objects() -> None:
    found = array_of_objects(b' [{"a": 1}, {"a": 2}, {"a": 3}]\n')
    assert found is not None
    assert found.whole == [b'{"a": 1}', b'{"a": 2}', b'{"a": 3}']
    assert found.between == b"}, {"


def test_lines_are_cut_at_their_ends() -> None:
    found = lines_of_objects(b'{"a":1}\n{"a":2}\n')
    assert found is not None
    assert found.whole == [b'{"a":1}', b'{"a":2}']


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b'[{"a":1}]',
        b'[{"a":1},{"a":2}',
        b'[{"a":1},{}]',
        b'[{"a":1 },{"a":2}]',
        b'[{"a":1}{"a":2}]',
        b'[{"a":1},{"a":\n2}]',
        b'[{"a":1},2]',
        b'[2,{"a":1},{"a":1}]',
        b"",
    ],
)
def test_other_arrays_are_left_to_readers(text: bytes) -> None:
    assert array_of_objects(text) is None


@pytest.mark.parametrize("text", [b'{"a":1}', b'{"a":1}\r\n{"a":2}', b'{"a":1}\n\n{"a":2}\n\n', b'{"a":1}\n{"a":2} \n'])
def test_other_lines_are_left_to_readers(text: bytes) -> None:
    assert lines_of_objects(text) is None


def test_a_cut_within_a_text_leaves_parts_that_are_no_objects() -> None:
    found = array_of_objects(b'[{"a":"},{"},{"a":"b"}]')
    assert found is not None
    assert found.whole == [b'{"a":"}', b'{"}', b'{"a":"b"}']


def test_rows_are_cut_between_their_brackets() -> None:
    assert rows_of_values(b'[["a",1], ["b",2]]') == [b'"a",1', b'"b",2']
    assert rows_of_values(b'[["a",1]]') is None
    assert rows_of_values(b"[1,2]") is None
    assert rows_of_values(b'["a","b"]') is None
