"""Private folders for the files of a request while it is scored: in memory for small ones, deleted after their use."""

from __future__ import annotations

import errno
import itertools
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from dai_scoring import leftovers

_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it, for this user only
_MEMORY_LIMIT = 256 << 20
# Scores can be larger than the rows they belong to; containers often have no more than 64 MB of such memory.
_MEMORY_SPARE = 8
_LEAST_FREE = 16 << 20
PREFIX = "dai-scoring-"
"""How the names of all folders begin."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The numbers of the errors of a disk that is full."""

_KEPT = re.compile(r"[a-z]+-[0-9]+")

Made = TypeVar("Made")


class WorkFolder:
    """A private folder with the files of one request, used again by all requests of a thread."""

    def __init__(self, place: Path | None, *, is_in_memory: bool = False) -> None:
        self.is_in_memory = is_in_memory
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        self._lock = leftovers.claimed(self.path)
        self.source = self.path / "source"
        self.target = self.path / "target"
        self.rejected = self.path / "rejected"
        self.results = self.path / "results"
        self._numbers = itertools.count()
        self._others: dict[str, Path] = {}
        # When its thread ends, as those of a server may do often.
        weakref.finalize(self, _remove_unless_kept, self.path).atexit = False

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
        return _empty(folder) if folder is not None else self._on_disk()

    def use(self, size: int, work: Callable[[WorkFolder], Made], *, again: bool = True) -> Made:
        """What ``work`` makes in the folder of :meth:`take`; on disk, once more, if memory has no room for it.

        That is so if rows become much larger, as compressed ones do, or if others have filled the memory meanwhile.
        With ``again`` false the work cannot be done twice, and the error is raised.
        """
        folder = self.take(size)
        try:
            return work(folder)
        except OSError as error:
            folder.clear()
            if not again or not folder.is_in_memory or error.errno not in NO_ROOM:
                raise
        return work(self._on_disk())

    def _on_disk(self) -> WorkFolder:
        return _empty(self._made("disk", self._place))

    def file(self, name: str) -> Path:
        """A path in a folder of this thread for something else, of a few MB at most; the files there stay."""
        folder = self._present("memory") or self._present("disk") or self.take(0)
        if folder.is_in_memory and shutil.disk_usage(folder.path).free < _LEAST_FREE:
            folder = self._made("disk", self._place)
        return folder.other(name)

    def _present(self, name: str) -> WorkFolder | None:
        folder: WorkFolder | None = getattr(self._local, name, None)
        return folder if folder is not None and folder.path.is_dir() else None

    def _made(self, name: str, place: Path | None) -> WorkFolder:
        folder = self._present(name)
        if folder is None:
            folder = WorkFolder(place, is_in_memory=name == "memory")
            for gone in [path for path in self._all if not path.is_dir()]:
                with suppress(ValueError):
                    self._all.remove(gone)
            self._all.append(folder.path)
            setattr(self._local, name, folder)
        return folder

    def remove(self) -> None:
        """Delete all folders; a thread that comes back makes a new one."""
        for path in self._all:
            shutil.rmtree(path, ignore_errors=True)
        self._all.clear()


def _empty(folder: WorkFolder) -> WorkFolder:
    folder.clear()
    return folder


def _remove_unless_kept(path: Path) -> None:
    """Delete a folder whose thread has ended, but not files that :meth:`WorkFolder.keep` has kept for somebody."""
    with suppress(OSError):
        if not any(_KEPT.fullmatch(one.name) for one in path.iterdir()):
            shutil.rmtree(path, ignore_errors=True)
