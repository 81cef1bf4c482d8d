"""What a call to NiFi can raise: every foreign exception becomes one of the tool's, at one place."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import nipyapi
import pytest
import urllib3
from nipyapi.nifi.rest import ApiException

from dai_nifi.client import errors
from dai_nifi.errors import (
    ConflictError,
    NiFiUnreachableError,
    NodeAwayError,
    NotFoundError,
    NotPermittedError,
    ToolError,
)
from tests.support.project import ROOT


def exceptions_of(module: object) -> list[type[Exception]]:
    return [
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, Exception) and not issubclass(one, Warning) and one.__module__ == module.__name__
    ]


@pytest.mark.parametrize("module", [urllib3.exceptions, nipyapi.nifi.rest])
def test_the_list_of_foreign_exceptions_is_whole(module: object) -> None:
    known = exceptions_of(module)
    assert known
    assert [one for one in known if not issubclass(one, errors.FOREIGN)] == []


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "who?", NotPermittedError),
        (403, "no", NotPermittedError),
        (404, "gone", NotFoundError),
        (409, "it runs", ConflictError),
        (409, "node 2 is disconnected from the cluster", NodeAwayError),
        (400, "[1, a] is not the most up-to-date revision", ConflictError),
        (400, "no such property", ToolError),
        (500, "WebClientServiceException: Request execution failed on 8080", NodeAwayError),
        (503, "busy", ToolError),
    ],
)
def test_a_refusal_becomes_an_error_of_its_kind_that_keeps_what_nifi_said(
    status: int, message: str, kind: type[ToolError]
) -> None:
    refusal = ApiException(status=status, reason="because")
    refusal.body = f'{{"message": "{message}"}}'
    with pytest.raises(ToolError) as caught, errors.translated():
        raise refusal
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert message in str(caught.value.answer)
    with pytest.raises(kind, match=f"^cannot list: {re.escape(message)}"), errors.prefixed("cannot list"):
        raise caught.value


def test_a_refusal_that_nipyapi_has_wrapped_is_translated_too() -> None:
    with pytest.raises(NotFoundError), errors.translated(), nipyapi.utils.rest_exceptions():
        raise ApiException(status=404, reason="Not Found")


def test_a_connection_that_ends_is_an_unreachable_nifi() -> None:
    with pytest.raises(NiFiUnreachableError), errors.translated():
        raise urllib3.exceptions.ProtocolError("Connection aborted")


def test_other_exceptions_are_left_alone() -> None:
    with pytest.raises(ValueError, match="ours"), errors.translated():
        raise ValueError("ours")


def test_only_the_client_calls_nipyapi() -> None:
    tool = ROOT / "tools" / "dai_nifi"
    importing = {
        file.relative_to(tool).parts[0]
        for file in Path(tool).rglob("*.py")
        if re.search(r"^(import|from) (nipyapi|urllib3)\b", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert importing == {"client"}
