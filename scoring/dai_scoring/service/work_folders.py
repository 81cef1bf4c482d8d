"""Private folders for the files of a request while it is scored: in memory for small ones, deleted after their use."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from dai_scoring import leftovers

_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it, for this user only
_MEMORY_LIMIT = 256 << 20
# Scores can be larger than the rows they belong to; containers often have no more than 64 MB of such memory.
_MEMORY_SPARE = 8
PREFIX = "dai-scoring-"
"""How the names of all folders begin."""


class WorkFolder:
    """A private folder with the files of one request, used again by all requests of a thread."""

    def __init__(self, place: Path | None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        self._lock = leftovers.claimed(self.path)
        self.source = self.path / "source"
        self.target = self.path / "target"
        self.rejected = self.path / "rejected"
        self.results = self.path / "results"
        self._numbers = itertools.count()
        self._others: dict[str, Path] = {}

    def other(self, name: str) -> Path:
        """The path of another file in this folder, which :meth:`clear` leaves alone."""
        if name not in self._others:
            self._others[name] = self.path / name
        return self._others[name]

    def keep(self, file: Path) -> Path:
        """Rename one of the files, so that the next request of this thread leaves it alone; the caller deletes it."""
        return file.rename(self.path / f"{file.name}-{next(self._numbers)}")

    def clear(self) -> None:
        """Delete the files, except those that are kept."""
        for path in (self.source, self.target, self.rejected, self.results):
            path.unlink(missing_ok=True)


class WorkFolders:
    """The folders of one service: up to two a thread, in memory for small contents and on disk.

    With ``place`` all are there; without, in /dev/shm and in the temporary folder of the system.
    """

    def __init__(self, place: Path | None = None) -> None:
        self._place = place
        self._local = threading.local()
        self._all: list[Path] = []
        for one in (_MEMORY_FOLDER, Path(tempfile.gettempdir())) if place is None else (place,):
            leftovers.remove(one, PREFIX)

    def take(self, size: int) -> WorkFolder:
        """This thread's folder for contents of ``size`` bytes, empty."""
        in_memory = (
            self._place is None
            and size <= _MEMORY_LIMIT
            and _MEMORY_FOLDER.is_dir()
            and shutil.disk_usage(_MEMORY_FOLDER).free > size * _MEMORY_SPARE
        )
        folder = None
        if in_memory:
            # This memory can be closed to this user, or read-only. The disk works too, but more slowly.
            with suppress(OSError):
                folder = self._made("memory", _MEMORY_FOLDER)
        folder = folder or self._made("disk", self._place)
        folder.clear()
        return folder

    def file(self, name: str) -> Path:
        """A path in this thread's folder for something else; the files there stay."""
        return (self._present("memory") or self._present("disk") or self.take(0)).other(name)

    def _present(self, name: str) -> WorkFolder | None:
        folder: WorkFolder | None = getattr(self._local, name, None)
        return folder if folder is not None and folder.path.is_dir() else None

    def _made(self, name: str, place: Path | None) -> WorkFolder:
        folder = self._present(name)
        if folder is None:
            folder = WorkFolder(place)
            self._all.append(folder.path)
            setattr(self._local, name, folder)
        return folder

    def remove(self) -> None:
        """Delete all folders; a thread that comes back makes a new one."""
        for path in self._all:
            shutil.rmtree(path, ignore_errors=True)
        self._all.clear()
