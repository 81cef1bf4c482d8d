"""NiFi's expressions for HTTP requests: the way of each request, and the error that it is answered with."""

from __future__ import annotations

from dai_scoring.errors import HTTP_STATUSES, BadRowsError
from dai_scoring.service.h2o_rest import Endpoint
from dai_scoring.service.http import SCORE_PATH
from dai_scoring.service.http_errors import HINT, MethodNotAllowedError, MultipartError, NoBodyError, NotFoundError

_POST = "${http.method:equals('POST')"
_LOOKS = "${http.method:in('GET', 'HEAD')"
_MULTIPART = "${mime.type:startsWith('multipart/')"
_PART = "${http.multipart.fragments.sequence.number"
_IS_READYZ = f"${{http.request.uri:equals('{Endpoint.READY.path}')}}"


def _at(*paths: str) -> str:
    """An expression, not closed: whether a request is to one of these paths."""
    return f"${{http.request.uri:in({', '.join(repr(path) for path in paths)})"


# The paths of H2O's REST scorers; rows may come to any path, but for those that say something of the model.
_ABOUT = _at(*(one.path for one in Endpoint if not one.has_body and one is not Endpoint.READY))
_ROWS = _at(SCORE_PATH, *(one.path for one in Endpoint if one.has_body))
_POST_ROWS = f"{_POST}:and({_ABOUT}:not()}})"

# Each request matches one of these or none; none means that nothing is at that path.
ROUTES = {
    "score": f"{_POST_ROWS}:and({_MULTIPART}:not()}}):and(${{fileSize:gt(0)}})}}",
    "model": f"{_LOOKS}:and({_ABOUT}}})}}",
    "ready": f"{_LOOKS}:and({_IS_READYZ})}}",
    "400 no body": f"{_POST_ROWS}:and({_MULTIPART}:not()}}):and(${{fileSize:equals(0)}})}}",
    "405 wrong method": f"{_POST}:ifElse({_ABOUT}}}, {_LOOKS}:not():or({_ROWS}}})}}):equals('true')}}",
    "415 multipart": f"{_POST_ROWS}:and({_MULTIPART}}}):and({_PART}:equals('1')}})}}",
    "further part": f"{_PART}:replaceNull('1'):gt(1)}}",
}
REFUSALS = tuple(name for name in ROUTES if name[0].isdigit())


def _by_route(*cases: tuple[str, str], otherwise: str) -> str:
    """An expression: the value of the route that a request took, known by how its name begins."""
    for route, value in reversed(cases):
        otherwise = f"${{RouteOnAttribute.Route:startsWith('{route}'):ifElse({value},\n  {otherwise})}}"
    return otherwise


def _by_code() -> str:
    """An expression: the status that belongs to the scoring processor's error."""
    found = "'500'"
    for status in sorted(set(HTTP_STATUSES.values()) - {500}):
        codes = ", ".join(repr(code) for code, one in HTTP_STATUSES.items() if one == status)
        found = f"${{scoring.error.code:replaceNull(''):in({codes}):ifElse('{status}', {found})}}"
    return found


# NiFi keeps the last route that was taken; this one begins as that of rows does.
NO_SCORE = "score of no row"
NONE_SCORED = "${scoring.scored.count:equals('0')"
STATUS = _by_route(
    ("score", f"{NONE_SCORED}:ifElse('400', {_by_code()})}}"),
    ("model", _by_code()),
    ("ready", _by_code()),
    ("unmatched", "'404'"),
    otherwise="${RouteOnAttribute.Route:substringBefore(' ')}",
)
_SAID = "${scoring.error.client:replaceEmpty('The server failed with this request. Tell who runs it.')}"
_NO_ROW = "'None of the rows can be scored: in each, a value cannot become what the column of the model holds.'"
DETAIL = _by_route(
    ("score", f"{NONE_SCORED}:ifElse({_NO_ROW}, {_SAID})}}"),
    ("model", _SAID),
    ("ready", _SAID),
    ("400 no body", f"'{NoBodyError().problem}'"),
    (
        "405 wrong method",
        f"${{http.method:append(' is not possible at '):append(${{http.request.uri}}):append('. {HINT}')}}",
    ),
    ("415 multipart", f"'{MultipartError().problem}'"),
    otherwise=f"${{http.request.uri:prepend('There is nothing at '):append('. {HINT}')}}",
)
_KNOWN_CODE = "${scoring.error.code:replaceEmpty('internal')}"
CODE = _by_route(
    ("score", f"{NONE_SCORED}:ifElse('{BadRowsError.code}', {_KNOWN_CODE})}}"),
    ("model", _KNOWN_CODE),
    ("ready", _KNOWN_CODE),
    ("400 no body", f"'{NoBodyError.code}'"),
    ("405 wrong method", f"'{MethodNotAllowedError.code}'"),
    ("415 multipart", f"'{MultipartError.code}'"),
    otherwise=f"'{NotFoundError.code}'",
)
# As JSON.
_ROW = f"{NONE_SCORED}:ifElse('1', ${{scoring.error.row:replaceEmpty('null')}})}}"
_COLUMN = (
    """${scoring.error.column:isNull():ifElse('null', ${scoring.error.column:escapeJson():prepend('"'):append('"')})}"""
)
BODY = (
    f"""{{"detail": "${{http.detail:escapeJson()}}", "code": "${{http.code}}", "row": {_ROW}, "column": {_COLUMN}}}"""
)
ALLOW = _by_route(
    ("405 wrong method", f"{_at(Endpoint.READY.path)}:or({_ABOUT}}}):ifElse('GET, HEAD', 'POST')}}"),
    otherwise="''",
)
