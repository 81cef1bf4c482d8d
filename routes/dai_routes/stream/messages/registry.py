"""Reads schemas from a schema registry that answers as Confluent's does: ``GET /schemas/ids/ID``."""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import fastavro
from fastavro.schema import SchemaParseException, UnknownType

from dai_routes.stream.errors import BrokerError, UnreachableError
from dai_scoring.cli.errors import UsageError

_USER, _PASSWORD = "DAI_SCHEMA_REGISTRY_USER", "DAI_SCHEMA_REGISTRY_PASSWORD"
_SECONDS = 10.0
_NOT_FOUND = 404
_UNKNOWN = (40401, 40402, 40403)
"""Codes of a registry for a subject, a version or a schema that it does not have; a wrong path is another 404."""


class UnknownSchemaError(Exception):
    """The registry has no schema of that id, or there is no registry."""


class SchemaRegistry:
    """The schemas of a registry, each read once."""

    def __init__(self, address: str) -> None:
        if not address.startswith(("http://", "https://")):
            raise UsageError("--schema-registry is an address that begins with http:// or https://.")
        if "@" in address:
            raise UsageError(
                "--schema-registry has a user or a password, which the list of processes shows to everyone. "
                f"Set {_USER} and {_PASSWORD}, and leave them out of the address."
            )
        if not _can_be_asked(address):
            raise UsageError("--schema-registry is http://HOST:PORT/PATH, in ASCII: the port is a number.")
        self._address = address.rstrip("/")
        self._schemas: dict[int, Any] = {}
        user = os.environ.get(_USER)
        words = f"{user}:{os.environ.get(_PASSWORD, '')}".encode()
        self._headers = {} if user is None else {"Authorization": f"Basic {base64.b64encode(words).decode()}"}

    def schema(self, number: int) -> Any:
        """A schema as fastavro wants it. Raises UnknownSchemaError, or UnreachableError if the registry is away."""
        if number not in self._schemas:
            self._schemas[number] = self._read(number)
        return self._schemas[number]

    def _read(self, number: int) -> Any:
        request = urllib.request.Request(f"{self._address}/schemas/ids/{number}", headers=self._headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - http, as checked
                found = _object(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                is_unknown = error.code == _NOT_FOUND and _object(error.read()).get("error_code") in _UNKNOWN
            if is_unknown:
                raise UnknownSchemaError(f"The schema registry has no schema {number}.") from None
            raise BrokerError(
                f"The schema registry {self._address} answers {error.code} for schema {number}. Is its address right?"
            ) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise UnreachableError(f"The schema registry {self._address} does not answer: {reason}.") from None
        text = found.get("schema")
        if not isinstance(text, str):
            raise BrokerError(
                f"What {self._address} answers for schema {number} is not that of a schema registry. "
                "Is its address right?"
            )
        if found.get("schemaType", "AVRO") != "AVRO" or found.get("references"):
            raise UnknownSchemaError(f"The schema {number} is not of Avro, or refers to others.")
        try:
            return fastavro.parse_schema(json.loads(text))
        except (ValueError, LookupError, TypeError, SchemaParseException, UnknownType) as error:
            raise UnknownSchemaError(f"The schema {number} is not valid ({type(error).__name__}).") from None


def _can_be_asked(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:  # UnicodeError is one too
        return False
    return address.isascii()


def _object(text: bytes) -> dict[str, Any]:
    """A JSON object; an empty one for anything else."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
