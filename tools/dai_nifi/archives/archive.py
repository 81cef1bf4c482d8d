"""A NAR as NiFi reads it: a zip in a certain order, the same bytes for the same contents."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from dai_nifi.errors import NotFoundError, UsageError

_NO_NAR = "{} is no NiFi archive (NAR), or is damaged: give one that 'dai-nifi nars build' made."
_MANIFEST = "META-INF/MANIFEST.MF"
# The earliest time that a zip can hold: contents alone decide the bytes.
_TIME = (1980, 1, 1, 0, 0, 0)


def manifest(group: str, name: str, version: str) -> bytes:
    """The manifest, from which NiFi learns what the archive is."""
    lines = ["Manifest-Version: 1.0", f"Nar-Group: {group}", f"Nar-Id: {name}", f"Nar-Version: {version}"]
    return ("\r\n".join(lines) + "\r\n").encode()


def write(target: Path, manifest_text: bytes, entries: Mapping[str, Path | bytes]) -> None:
    """Write a NAR with these files, by their path inside it.

    ``META-INF/`` comes first and the manifest second, and every folder has an entry: without them NiFi 2.3
    logs FileNotFoundException and installs for ever.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as nar:
        _folder(nar, "META-INF/")
        _file(nar, _MANIFEST, manifest_text)
        folders = {"META-INF/"}
        for name in sorted(entries):
            for parent in reversed(PurePosixPath(name).parents[:-1]):
                if f"{parent}/" not in folders:
                    folders.add(f"{parent}/")
                    _folder(nar, f"{parent}/")
            content = entries[name]
            _file(nar, name, content if isinstance(content, bytes) else content.read_bytes())


def _folder(nar: zipfile.ZipFile, name: str) -> None:
    info = zipfile.ZipInfo(name, _TIME)
    info.external_attr = (0o40755 << 16) | 0x10
    nar.writestr(info, b"")


def _file(nar: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _TIME)
    info.external_attr = 0o100644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    nar.writestr(info, content)


def read_manifest(nar: Path) -> dict[str, str]:
    """The manifest's entries of an archive on disk, its name and version among them.

    Raises NotFoundError if there is no file, UsageError if it is no NAR.
    """
    if not nar.is_file():
        what = "is a folder" if nar.is_dir() else "does not exist"
        raise NotFoundError(f"{nar} {what}: give an archive, such as 'dai-nifi nars build' makes.")
    try:
        with zipfile.ZipFile(nar) as archive:
            text = archive.read(_MANIFEST).decode("utf-8")
    except PermissionError as error:
        raise NotFoundError(f"{nar} cannot be read: {error.strerror}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, UnicodeDecodeError, NotImplementedError) as error:
        raise UsageError(_NO_NAR.format(nar)) from error
    entries = _entries(text)
    if not {"Nar-Id", "Nar-Version"} <= entries.keys():
        raise UsageError(_NO_NAR.format(nar))
    return entries


def _entries(text: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
