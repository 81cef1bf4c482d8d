"""The codes that rows and FlowFiles carry: docs/operating.md lists those that the code can give, and no others."""

from __future__ import annotations

import re

from dai_routes.serve.answering import errors as server_errors
from dai_scoring.batch import reject_columns
from dai_scoring.engine import REFUSED
from dai_scoring.errors import HTTP_STATUSES, RequestError, ScoringError
from dai_scoring.formats import MALFORMED_ROW
from dai_scoring.service import http_errors
from tests.support.error_kinds import ABSTRACT, kinds
from tests.support.project import ROOT

LIBRARY = ROOT / "scoring" / "dai_scoring"


def documented(heading: str) -> dict[str, str]:
    """The codes of the table whose head begins so, and what is in their last column."""
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    rows = text.partition(f"| `{heading}` |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {code: row[-1] for row in cells for code in re.findall(r"\w+", row[0])}


def test_reject_codes() -> None:
    sources = [file.read_text(encoding="utf-8") for file in (LIBRARY / "values").glob("*.py")]
    given = {code for text in sources for code in re.findall(r'rejects\.add\("(\w+)"', text)}
    assert len(given) > 5
    assert set(documented("_reject_code")) == given | {MALFORMED_ROW, REFUSED} == reject_columns.CODES


def test_error_codes_and_the_status_that_each_has_over_http() -> None:
    codes = {kind.code for kind in kinds(ScoringError) if kind.__module__ != http_errors.__name__} - ABSTRACT
    assert documented("scoring.error.code") == {code: str(HTTP_STATUSES[code]) for code in codes}


def test_the_codes_of_the_server() -> None:
    found = [one for one in RequestError.__subclasses__() if one.__module__ == server_errors.__name__]
    own = {one.code: str(one.http_status) for one in found if one.code not in ("not_found", "method_not_allowed")}
    text = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    table = text.partition("| code | status |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    assert {code: status for code, status, _ in rows} == own
