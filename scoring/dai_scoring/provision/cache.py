"""The folder, one for each user, with what is fetched or made once and then shared."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dai_scoring.errors import PrerequisiteError

_VARIABLE = "DAI_SCORING_CACHE"
_FULL = (errno.ENOSPC, errno.EDQUOT)  # callers say what else may fill the disk
_variables = [_VARIABLE]


def named_by(variable: str) -> None:
    """Let a further environment variable name the folder; it comes first, and errors advise it."""
    if variable not in _variables:
        _variables.insert(0, variable)


def variable() -> str:
    """The environment variable that a user sets to have another folder."""
    return _variables[0]


def directory() -> Path:
    """The shared folder: ``DAI_SCORING_CACHE``, else ``nifi-dai-scoring`` in the platform's cache folder."""
    chosen = next(filter(None, map(os.environ.get, _variables)), None)
    if chosen:
        return Path(chosen).expanduser().resolve()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "nifi-dai-scoring"
    # The XDG specification says to ignore a relative path.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "nifi-dai-scoring"


@contextmanager
def locked(file: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold an exclusive lock on ``file``, which is created if necessary; ``waiting`` is called if another holds it.

    The system releases the lock when its holder dies, so an interrupted process never blocks the next one.
    Raises PrerequisiteError if the shared folder cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Even if the lock file exists: what is made under the lock is in the same folder.
        if not os.access(file.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file.parent))
        handle = file.open("a")
    except OSError as error:
        if file.parent != directory() or error.errno in _FULL:
            raise
        raise PrerequisiteError(
            f"The folder of what is downloaded and assembled once, {directory()}, cannot be written "
            f"({error.strerror}). Name another: {variable()}."
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
