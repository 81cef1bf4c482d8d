"""Private folders in which contents are exchanged with NiFi, in memory for small ones; none outlives its use."""

from __future__ import annotations

import fcntl
import itertools
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it, for this user only
_MEMORY_LIMIT = 256 << 20
# Scores can be larger than the rows they belong to; containers often have no more than 64 MB of such memory.
_MEMORY_SPARE = 8
_PREFIX = "dai-scoring-"
_LOCK = "lock"


class Folder:
    """A private folder with the files of one scoring, reused by all FlowFiles of a thread."""

    def __init__(self, place: Path | None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        # Held as long as this process lives: how others tell a folder in use from what a killed one left.
        self._lock = (self.path / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.source = self.path / "source"
        self.target = self.path / "target"
        self.rejected = self.path / "rejected"
        self.results = self.path / "results"
        self.call = self.path / "call"
        """What is too long for a call over the bridge."""
        self._numbers = itertools.count()

    def keep(self, file: Path) -> Path:
        """Rename one of the files, so that the next scoring of this thread leaves it alone; the caller deletes it."""
        return file.rename(self.path / f"{file.name}-{next(self._numbers)}")

    def clear(self) -> None:
        """Delete the files, but for those that are kept."""
        for path in (self.source, self.target, self.rejected, self.results):
            path.unlink(missing_ok=True)


def remove_leftovers(place: Path) -> None:
    """Delete the exchange folders of processes that were killed: they may hold records."""
    for path in place.glob(_PREFIX + "*"):
        try:
            with (path / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # in use, somebody else's, or just being made


class Folders:
    """The exchange folders of one processor: two a thread, in memory for small contents and on disk."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._all: list[Path] = []
        for place in (_MEMORY_FOLDER, Path(tempfile.gettempdir())):
            remove_leftovers(place)

    def take(self, size: int) -> Folder:
        """This thread's folder for contents of ``size`` bytes, empty."""
        in_memory = (
            size <= _MEMORY_LIMIT
            and _MEMORY_FOLDER.is_dir()
            and shutil.disk_usage(_MEMORY_FOLDER).free > size * _MEMORY_SPARE
        )
        folder = None
        if in_memory:
            # Such memory can be closed to this user, or read only: the disk does as well, if more slowly.
            with suppress(OSError):
                folder = self._made("memory", _MEMORY_FOLDER)
        folder = folder or self._made("disk", None)
        folder.clear()
        return folder

    def call(self) -> Path:
        """This thread's file for what is too long for a call over the bridge; the folder's other files stay."""
        return (self._there("memory") or self._there("disk") or self.take(0)).call

    def _there(self, name: str) -> Folder | None:
        folder: Folder | None = getattr(self._local, name, None)
        return folder if folder is not None and folder.path.is_dir() else None

    def _made(self, name: str, place: Path | None) -> Folder:
        folder = self._there(name)
        if folder is None:
            folder = Folder(place)
            self._all.append(folder.path)
            setattr(self._local, name, folder)
        return folder

    def remove(self) -> None:
        """Delete all folders; a thread that comes back makes a new one."""
        for path in self._all:
            shutil.rmtree(path, ignore_errors=True)
        self._all.clear()
