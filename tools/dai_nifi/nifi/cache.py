"""The folder, one for each user, with what is downloaded once and shared by every instance."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dai_nifi.errors import PrerequisiteError

_FULL = (errno.ENOSPC, errno.EDQUOT)  # told elsewhere, with what else may be in the way


def directory() -> Path:
    """The shared folder: ``DAI_NIFI_CACHE``, else ``nifi-dai-scoring`` in the platform's cache folder."""
    chosen = os.environ.get("DAI_NIFI_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "nifi-dai-scoring"
    # The XDG specification says to ignore a relative path.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "nifi-dai-scoring"


@contextmanager
def locked(file: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold an exclusive lock on ``file``, made if need be; ``waiting`` is called when another holds it.

    The system releases the lock when its holder dies, so an interrupted process never blocks the next one.
    Raises PrerequisiteError where the shared folder cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Also where the lock itself is left from better days: what is made under it lies beside it.
        if not os.access(file.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file.parent))
        handle = file.open("a")
    except OSError as error:
        if file.parent != directory() or error.errno in _FULL:
            raise
        raise PrerequisiteError(
            f"The folder of what is downloaded and assembled once, {directory()}, cannot be written "
            f"({error.strerror}). Name another: DAI_NIFI_CACHE."
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
