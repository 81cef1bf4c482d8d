"""Texts that H2O-3's parser reads as times, beyond ISO 8601.

Source of the behaviour: H2O-3 3.46.0.10, asked text by text (a column imported as ``time``, its zone UTC). Two digits
of a year are 1969 to 2068. Of a second's fraction the first three digits count, as a number of milliseconds: ``.5`` is
5. Noon, ``12:00:00 PM``, is midnight to it, and ``12:00:00 AM`` is noon.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_NUMBER_OF = {name: number for number, whole in enumerate(_MONTHS, 1) for name in (whole, whole[:3])}
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_DATES = (
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})",
    rf"(?P<month>[0-9]{{1,2}})(?P<mark>[/-])(?P<day>[0-9]{{1,2}})(?P=mark){_YEAR}",
    rf"(?P<day>[0-9]{{1,2}})(?P<mark>-?)(?P<month>[A-Za-z]{{3,9}})(?P=mark){_YEAR}",
)
_TIME = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2}):(?P<second>[0-9]{1,2})(?:[.:](?P<fraction>[0-9]{0,9}))?"
    r"(?: ?(?P<half>AM|PM))?"
)
_FORMS = (
    *(re.compile(rf"{date}(?: +{_TIME})?") for date in _DATES),
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})"),
    re.compile(_TIME),
)
_FIRST_OF_CENTURY = 69
_EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)


# A file has few different dates compared with its rows.
@lru_cache(1 << 14)
def parse(text: str) -> int | None:
    """Milliseconds since 1970 of a date, a date with a time, a month, or a time of 1970-01-01; None for other texts."""
    for form in _FORMS:
        if found := form.fullmatch(text):
            return _milliseconds(found.groupdict())
    return None


def _milliseconds(parts: dict[str, str | None]) -> int | None:
    hour = int(parts.get("hour") or 0)
    half = parts.get("half")
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = (hour + 12) % 24 if half == "PM" else hour
    try:
        time = datetime(
            _year(parts.get("year")),
            _month(parts.get("month")),
            int(parts.get("day") or 1),
            hour,
            int(parts.get("minute") or 0),
            int(parts.get("second") or 0),
        )
    except ValueError:
        return None
    return (time - _EPOCH) // _MILLISECOND + int((parts.get("fraction") or "0")[:3])


def _year(text: str | None) -> int:
    if text is None:
        return _EPOCH.year
    if len(text) > 2:
        return int(text)
    return int(text) + (1900 if int(text) >= _FIRST_OF_CENTURY else 2000)


def _month(text: str | None) -> int:
    """The number of the month, from 1 to 12; 0 if the text names no month."""
    if text is None:
        return 1
    return int(text) if text.isdigit() else _NUMBER_OF.get(text.lower(), 0)
