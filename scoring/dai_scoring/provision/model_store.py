"""Models in an object store: ``s3://BUCKET/KEY``, ``gs://BUCKET/KEY``, ``az://CONTAINER/KEY``, copied into the cache.

An address may end with ``#sha256=HEX``: then only a file with this SHA-256 is loaded. Credentials and endpoints come
from the environment variables of the clouds' own tools, such as ``AWS_ACCESS_KEY_ID`` or ``AWS_ENDPOINT_URL``.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from dai_scoring import extras, model_file
from dai_scoring.errors import FetchError, ModelFormatError, ModelNotFoundError, PrerequisiteError
from dai_scoring.model_file import sha256, shown
from dai_scoring.progress import Progress, silent
from dai_scoring.provision import cache

_EXTRAS = {"s3": "s3", "gs": "gcs", "az": "azure"}
# Path turns two slashes into one.
_ADDRESS = re.compile(r"(s3|gs|az):/{1,2}([^/#]+)/([^#]+?)(?:#sha256=([0-9A-Fa-f]{64}))?")
_BLOCK = 8 << 20
_PATIENCE = timedelta(seconds=20)


def is_address(model: str | Path) -> bool:
    """Whether a model is an address in an object store, by its scheme."""
    return str(model).partition(":/")[0] in _EXTRAS


def is_other_address(path: str | Path) -> bool:
    """Whether a path is an address that is not in an object store, such as ``https://...``, and no file."""
    return model_file.is_address(path) and not is_address(path) and not Path(path).exists()


def local_file(model: str | Path, progress: Progress = silent) -> Path:
    """The file of a model: the path itself, or for an address a copy in the cache, downloaded if the object changed.

    Raises ModelNotFoundError, FetchError or PrerequisiteError, and ModelFormatError if the SHA-256 is another.
    """
    if not is_address(model):
        if is_other_address(model):
            raise ModelNotFoundError(
                f"models are not read from {shown(model)}. Give the path of a file, or an address in an object store: "
                "s3://BUCKET/KEY, gs://BUCKET/KEY or az://CONTAINER/KEY."
            )
        return Path(model)
    store, key, wanted = _opened(str(model))
    head = _asked(model, "head", store, key)
    name = key.rpartition("/")[2]
    place = cache.directory() / "models" / hashlib.sha256(f"{store!r}/{key}".encode()).hexdigest()[:16]
    file = place / _version(head) / name
    with cache.locked(place.with_suffix(".lock")):
        if not file.is_file():
            progress(f"fetching {name}", None)
            # Only one version is kept. A process that has loaded an older one has it open.
            shutil.rmtree(place, ignore_errors=True)
            file.parent.mkdir(parents=True)
            part = file.with_name(f"{name}.part")
            with part.open("wb") as target:
                for block in _asked(model, "get", store, key).stream(min_chunk_size=_BLOCK):
                    target.write(block)
            part.rename(file)
        if wanted is not None and (found := sha256(file)) != wanted.lower():
            raise ModelFormatError(
                f"{shown(model)} has the SHA-256 {found}, not the one after #sha256=. Check what is in that place."
            )
    return file


def version(model: str | Path) -> str:
    """A digest of the object's ETag, which changes when the object is replaced. Raises as :func:`local_file` does."""
    store, key, _ = _opened(str(model))
    return _version(_asked(model, "head", store, key))


def _version(head: Any) -> str:
    return hashlib.sha256(str(head["e_tag"] or (head["last_modified"], head["size"])).encode()).hexdigest()[:16]


def _opened(address: str) -> tuple[Any, str, str | None]:
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise ModelNotFoundError(
            f"{shown(address)} is no address of a model: write s3://BUCKET/KEY, gs://BUCKET/KEY or az://CONTAINER/KEY, "
            "and after it #sha256= with 64 hex digits if you want that checked."
        )
    scheme, bucket, key, wanted = parts.groups()
    try:
        from obstore.store import from_url
    except ModuleNotFoundError as error:
        raise PrerequisiteError(extras.absent(error, _EXTRAS[scheme])) from error
    try:
        # A user who starts a server waits for this: the default is three minutes.
        store = from_url(f"{scheme}://{bucket}", retry_config={"max_retries": 3, "retry_timeout": _PATIENCE})
        return store, key, wanted
    except Exception as error:
        raise FetchError(f"{shown(address)} cannot be asked for: {_said(error)}.") from error


def _asked(model: str | Path, what: str, store: Any, key: str) -> Any:
    import obstore

    try:
        return getattr(obstore, what)(store, key)
    except FileNotFoundError:
        raise ModelNotFoundError(f"there is no {shown(model)}. Check the bucket and the key.") from None
    except Exception as error:
        raise FetchError(
            f"{shown(model)} cannot be fetched: {_said(error)}. Check the credentials and the region that are set."
        ) from error


def _said(error: Exception) -> str:
    """The store's message, without its details for developers."""
    text = str(error).partition("\n\nDebug source")[0]
    return " ".join(text.split()).rstrip(".")
