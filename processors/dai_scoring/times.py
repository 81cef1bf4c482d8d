"""Dates and times in ISO 8601 text as milliseconds since 1970-01-01T00:00 UTC."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

_ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?\s?([Zz]|[+-]\d{2}(:?\d{2})?)?)?$"
_ZONE = r":\d{2}(\.\d+)?(Z|[+-]\d{2}(:?\d{2})?)$"
# As many digits as 64 bits hold in any case.
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_EXACT = 1 << 53
_MILLISECONDS = pa.timestamp("ms")
_NO_TEXT = pa.scalar(None, pa.string())
_FALSE = pa.scalar(False)

DATE_LENGTH = 10
"""The characters of a date alone."""


def from_dates(texts: pa.Array) -> pa.Array | None:
    """Read ``yyyy-mm-dd`` alone as Arrow ``timestamp[ms]``, the empty text as null; None where any is something else.

    A fraction of the time that :func:`from_iso_text` takes, which knows all the forms.
    """
    lengths = pc.binary_length(texts)
    dates = pc.equal(lengths, DATE_LENGTH)
    if not pc.all(pc.or_(dates, pc.equal(lengths, 0))).as_py():
        return None
    try:
        return pc.if_else(dates, texts, _NO_TEXT).cast(_MILLISECONDS)
    except pa.ArrowInvalid:
        return None


def from_iso_text(texts: pa.Array) -> pa.Array:
    """Read ``yyyy-mm-dd``, alone or with a time, a fraction and a zone, as Arrow ``timestamp[ms]``.

    Without a zone the time is taken as UTC, as H2O's runtimes do. Digits beyond milliseconds are cut off.
    Null where a text is null or something else, such as 2018-02-30.
    """
    iso = pc.if_else(pc.fill_null(pc.match_substring_regex(texts, _ISO), _FALSE), texts, _NO_TEXT)
    tidy = pc.replace_substring(pc.utf8_upper(iso), ",", ".")
    tidy = pc.replace_substring_regex(tidy, r"(\.\d{3})\d+", r"\1")
    tidy = pc.replace_substring_regex(tidy, r"\s([Z+-])", r"\1")
    try:
        return _cast(tidy)
    except pa.ArrowInvalid:
        # Some date is not in the calendar: find out which, asking once for each different text.
        encoded = tidy.dictionary_encode()
        levels = pa.chunked_array([_cast_one(encoded.dictionary.slice(i, 1)) for i in range(len(encoded.dictionary))])
        return levels.combine_chunks().take(encoded.indices)


def from_number(text: str) -> int | None:
    """Milliseconds since 1970 UTC, written as a whole number in any form; None for other texts."""
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return int(text)
    except ValueError:
        number = float(text)
    return int(number) if number.is_integer() and abs(number) <= _EXACT else None


def _cast(tidy: pa.Array) -> pa.Array:
    zoned = pc.fill_null(pc.match_substring_regex(tidy, _ZONE), _FALSE)
    plain = pc.if_else(zoned, _NO_TEXT, tidy).cast(_MILLISECONDS)
    utc = pc.if_else(zoned, tidy, _NO_TEXT).cast(pa.timestamp("ms", tz="UTC")).cast(_MILLISECONDS)
    return pc.coalesce(plain, utc)


def _cast_one(text: pa.Array) -> pa.Array:
    try:
        return _cast(text)
    except pa.ArrowInvalid:
        return pa.nulls(1, _MILLISECONDS)
