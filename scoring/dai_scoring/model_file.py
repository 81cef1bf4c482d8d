"""Recognises the kind of a model file by its contents."""

from __future__ import annotations

import errno
import hashlib
import re
import zipfile
import zlib
from enum import Enum
from pathlib import Path

from dai_scoring.errors import ModelFormatError, ModelNotFoundError


class Kind(Enum):
    """The kinds of model file that H2O's products export."""

    DAI_MOJO = "Driverless AI MOJO"
    DAI_MOJO_ARCHIVE = "Driverless AI mojo.zip"
    H2O3_MOJO = "H2O-3 MOJO"
    SCORING_PIPELINE = "Driverless AI Python scoring pipeline"


ARCHIVED_MOJO = "mojo-pipeline/pipeline.mojo"
SCORING_MODULE = "scoring_h2oai_experiment_"
"""How the module of every Python scoring pipeline begins."""


def is_address(path: str | Path) -> bool:
    """Whether a path is an address such as ``https://HOST/KEY``; a drive of Windows has one letter."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)) is not None


def shown(address: str | Path) -> str:
    """An address with two slashes, even if it was a Path, and without ``#sha256=``."""
    return re.sub(r":/(?=[^/])", "://", str(address).partition("#")[0], count=1)


def identify(path: Path) -> Kind:
    """Say what kind of model a file is, from its contents; its name does not matter.

    Raises ModelNotFoundError or ModelFormatError, saying what the file looks like instead.
    """
    try:
        return _identify(path)
    except PermissionError as error:
        raise ModelNotFoundError(f"the model file {path} cannot be read by this user: {error.strerror}.") from error


def _identify(path: Path) -> Kind:
    if not path.exists():
        if is_address(path):
            raise ModelNotFoundError(
                f"{shown(path)} is an address, and here the model has to be a file on this machine. Download it first."
            )
        raise ModelNotFoundError(f"there is no model file at {path}. Check the path on the machine that scores.")
    if path.is_dir():
        if any(path.rglob(f"{SCORING_MODULE}*.whl")):
            return Kind.SCORING_PIPELINE
        raise ModelFormatError(
            f"{path} is a folder; give the model file in it, such as pipeline.mojo, or the folder that scorer.zip "
            "unpacks to."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except PermissionError:
        raise
    except (zipfile.BadZipFile, OSError) as error:
        raise ModelFormatError(f"{path} is not a MOJO, nor a scoring pipeline: {_looks_like(path)}") from error
    if names & {"mojo/pipeline.pb", "mojo/pipeline.toml", "pipeline.pb", "pipeline.toml"}:
        return Kind.DAI_MOJO
    if ARCHIVED_MOJO in names:
        return Kind.DAI_MOJO_ARCHIVE
    if "model.ini" in names:
        return Kind.H2O3_MOJO
    if any(name.rpartition("/")[2].startswith(SCORING_MODULE) or name.startswith(SCORING_MODULE) for name in names):
        return Kind.SCORING_PIPELINE
    raise ModelFormatError(
        f"{path} is a zip file, but no model: it holds neither mojo/pipeline.pb (Driverless AI MOJO), model.ini (H2O-3 "
        f"MOJO) nor {SCORING_MODULE}*.whl (scoring pipeline). Export the model again, or give the file out of it."
    )


def _looks_like(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        return "the file is empty. Copy or export it again."
    if head == b"PK\x03\x04":
        return "it begins like one but its end is missing, as after an interrupted copy. Copy or export it again."
    return "both are zip files, and this is not one. Export it again and copy it as binary."


def check_whole(path: Path) -> None:
    """Raise ModelFormatError where the bytes of a model's zip file are not those that were put in.

    A runtime may take changed bytes for a model: C++ then ends the whole process.
    """
    if path.is_dir():
        return
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        damaged = path.name
    except OSError as error:
        # A place before the beginning of the file, which was cut off.
        if error.errno != errno.EINVAL:
            raise
        damaged = path.name
    if damaged is not None:
        raise ModelFormatError(
            f"{path} is damaged: {damaged} in it is not as it was written. Copy it again as binary, or export it again."
        )


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
