"""Checks arguments of the command line and converts them to settings. Raises UsageError for wrong arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from dai_routes.serve.answering import keys
from dai_routes.serve.dialects import DIALECTS
from dai_routes.serve.settings import Certificates, ModelFile
from dai_scoring.cli.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def models(words: Sequence[str]) -> tuple[ModelFile, ...]:
    """The models of ``[NAME=]MODEL``. The default of NAME is the file's name without its suffix."""
    found = tuple(_model(one) for one in words)
    names = [one.name for one in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"two models have the name {twice[0]}: give each a name of its own, as in NAME=MODEL.")
    return found


def dialects(text: str) -> tuple[str, ...]:
    """The dialects in a list of names separated by commas; all if it is empty."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in DIALECTS]:
        known = "; ".join(f"{name}: {one.meaning}" for name, one in DIALECTS.items())
        raise UsageError(f"--dialects: there is no {unknown[0]}. There are {known}.")
    return tuple(names) or tuple(DIALECTS)


def certificates(certificate: Path | None, key: Path | None, client_authority: Path | None) -> Certificates | None:
    """The files for TLS; None for plain HTTP."""
    if certificate is None and key is None and client_authority is None:
        return None
    if certificate is None or key is None:
        raise UsageError(
            "--tls-cert and --tls-key go together, and --tls-client-ca needs both: give the certificate and its key."
        )
    return Certificates(certificate, key, client_authority)


def key_digests(file: Path | None) -> tuple[bytes, ...]:
    """The digests of the keys in a file; () if there is no file."""
    if file is None:
        return ()
    try:
        return keys.digests(file)
    except ValueError as error:
        raise UsageError(f"--api-key-file {file}: {error}. Write one key a line, in UTF-8.") from error


def _model(text: str) -> ModelFile:
    name, sign, path = text.partition("=")
    if not sign or "/" in name:
        return ModelFile(re.sub(r"[^A-Za-z0-9._-]", "-", Path(text).stem) or "model", Path(text))
    if not _NAME.fullmatch(name):
        raise UsageError(f"the name of a model has letters, digits, '.', '_' and '-' alone, and '{name}' has others.")
    return ModelFile(name, Path(path))
