"""Chooses the format of a response by the header Accept."""

from __future__ import annotations

from functools import lru_cache

from dai_scoring.formats import Format
from dai_scoring.formats.detect import format_of_mime_type
from dai_scoring.service.http_errors import NotAcceptableError

_ANY = "*/*"


# Bounded, because clients may say what they like.
@lru_cache(256)
def chosen_format(accept: str, usual: Format | None) -> Format | None:
    """The format that a client wants, None if the usual one will do.

    ``usual`` is the format that the response has if nobody chooses, None if it is not known yet. The usual one will do
    if no other is preferred. Raises NotAcceptableError if no format is accepted.
    """
    ranges = _ranges(accept)
    if not ranges:
        return None
    weights = {one: _weight(one, ranges) for one in Format}
    best = max(weights, key=lambda one: weights[one])
    as_usual = ranges.get(_ANY, 0.0) if usual is None else weights[usual]
    if not weights[best] and not as_usual:
        raise NotAcceptableError([one.mime_type for one in Format])
    return None if as_usual >= weights[best] else best


def _weight(form: Format, ranges: dict[str, float]) -> float:
    exact = [weight for name, weight in ranges.items() if format_of_mime_type(name) is form]
    if exact:
        return max(exact)
    kind = form.mime_type.partition("/")[0]
    return ranges.get(f"{kind}/*", ranges.get(_ANY, 0.0))


def _ranges(accept: str) -> dict[str, float]:
    """The weight of each range of MIME types, from 0 to 1."""
    found: dict[str, float] = {}
    for part in accept.split(","):
        name, *parameters = (one.strip().lower() for one in part.split(";"))
        if name:
            found[name] = next((_number(one[2:]) for one in parameters if one.startswith("q=")), 1.0)
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
