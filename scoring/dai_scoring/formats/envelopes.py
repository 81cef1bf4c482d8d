"""JSON in which the records are wrapped in an object, as the requests of model servers are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dai_scoring.errors import ContentError
from dai_scoring.formats.json.split import Structure

_REST = ("Or set {h2o_rest_requests} and send it to /model/score.",)
_KNOWN: tuple[tuple[frozenset[str], str, str, tuple[str, ...]], ...] = (
    (frozenset({"fields", "rows"}), '{"fields": ..., "rows": ...}', "a request of H2O's REST scorer", _REST),
    (
        frozenset({"instances"}),
        '{"instances": ...}',
        "a request as TensorFlow Serving, KServe and Vertex AI take it",
        (),
    ),
    (frozenset({"dataframe_split"}), '{"dataframe_split": ...}', "a request of MLflow", ()),
    (frozenset({"dataframe_records"}), '{"dataframe_records": ...}', "a request of MLflow", ()),
    (
        frozenset({"columns", "data"}),
        '{"columns": ..., "data": ...}',
        "a table as pandas' orient='split' writes it",
        (),
    ),
    (frozenset({"schema", "data"}), '{"schema": ..., "data": ...}', "a table as pandas' orient='table' writes it", ()),
    (frozenset({"inputs"}), '{"inputs": ...}', "a request of the Open Inference Protocol (V2), or of MLflow", ()),
    *(
        (frozenset({name}), f'{{"{name}": ...}}', "records wrapped in an object", ())
        for name in ("data", "records", "rows", "items", "values", "results", "predictions", "payload", "input")
    ),
)
_NAMES = sorted(set().union(*(names for names, *_ in _KNOWN)))
_MAY_BE = re.compile(b'"(?:' + "|".join(_NAMES).encode() + rb')"\s*:\s*[\[{]')
_MEMBER = re.compile(rb'\s*"((?:[^"\\]|\\.)*)"\s*:\s*(.?)', re.DOTALL)
_HEAD_BYTES = 4096
_NESTED = (b"[", b"{")
# The end of an object, and the next one: records, not all values of a column.
_FURTHER = re.compile(rb"\}[ \t]*[\r\n]\s*\{")


def check(head: bytes, columns: Sequence[str]) -> None:
    """Raise ContentError, with the kind of envelope, if JSON that begins so wraps its records in an object.

    ``columns`` are the model's: an object that has one of them, with a value that is not nested, is a record.
    """
    text = head.lstrip(b" \t\r\n")
    if not text.startswith(b"{"):
        return
    # Most files are no envelope. So only their first bytes are searched before the whole head is.
    if not _MAY_BE.search(text, 0, _HEAD_BYTES) and not (columns and _has_several(text, columns[0])):
        return
    nested, scalar = _members(text)
    if len(columns) and nested.issuperset(columns) and not _FURTHER.search(text):
        raise ContentError(
            "the JSON is one object with all values of each column together (as pandas' to_json() writes it), not "
            "records.",
            advice=(_instead(columns), "With pandas that is orient='records'."),
        )
    if (nested | scalar) & set(columns):
        return
    for names, shown, what, further in _KNOWN:
        if names <= nested:
            raise ContentError(f"the JSON is an envelope, {shown}: {what}.", advice=(_instead(columns), *further))


def _instead(columns: Sequence[str]) -> str:
    more = ", ..." if len(columns) > 2 else ""
    shown = ", ".join(f'"{name}": ...' for name in columns[:2])
    # What is in braces may be a marker of an option, but for such as these.
    return f"Send the records alone: an array of objects, [{{{shown}{more}}}], or one object a line."


def _has_several(text: bytes, name: str) -> bool:
    """Whether a member of that name, at the start of the text, has several values."""
    found = re.search(b'"' + re.escape(name.encode()) + rb'"\s*:\s*[\[{]', text[:_HEAD_BYTES])
    return found is not None


def _members(text: bytes) -> tuple[set[str], set[str]]:
    """The names in the first object: of members that are arrays or objects, and of others; as far as it is known."""
    commas, ends = Structure().scan(text)
    stop = int(ends[0]) if ends.size else len(text)
    nested: set[str] = set()
    scalar: set[str] = set()
    begin = 1
    for end in [*commas[commas < stop].tolist(), stop]:
        if member := _MEMBER.match(text, begin, end + 1):
            name = member[1].decode("utf-8", "replace")
            (nested if member[2] in _NESTED else scalar).add(name)
        begin = end + 1
    return nested, scalar
