"""What a Driverless AI Python scoring pipeline is made of: scorer.zip, its unpacked folder, or the wheel alone."""

from __future__ import annotations

import ast
import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from email.parser import HeaderParser
from pathlib import Path
from tempfile import TemporaryDirectory

from dai_scoring.errors import ModelFormatError
from dai_scoring.model_file import SCORING_MODULE, sha256
from dai_scoring.schema import ColumnType

_TYPES = {
    "bool": ColumnType.BOOL,
    "int8": ColumnType.INT32,
    "int16": ColumnType.INT32,
    "int32": ColumnType.INT32,
    "int64": ColumnType.INT64,
    "float32": ColumnType.FLOAT32,
    "float64": ColumnType.FLOAT64,
    "object": ColumnType.STR,
    "str": ColumnType.STR,
    "string": ColumnType.STR,
}
_FOR_PYTHON = re.compile(r"-cp(\d)(\d+)-")


@dataclass(frozen=True)
class Example:
    """A column of the rows in the pipeline's example.py: its type, and the first value, as text."""

    type: ColumnType
    value: str | None


@dataclass(frozen=True)
class PipelineFile:
    """A scoring pipeline on disk.

    ``wheels`` are the names of all wheels in it, ``module`` that of the scoring module. ``python`` is the version that
    its wheels were made for, such as 3.8, where they say so. ``examples`` are empty where there is no example.py.
    """

    path: Path
    module: str
    digest: str
    created: datetime
    wheels: tuple[str, ...]
    python: str | None
    examples: dict[str, Example]

    @property
    def id(self) -> str:
        """The experiment's id."""
        return self.module.removeprefix(SCORING_MODULE).replace("_", "-")

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        """A folder with the wheels and the requirements, while the context lasts."""
        if self.path.is_dir():
            yield self.path / _folder_of([path.relative_to(self.path).as_posix() for path in _files(self.path)])
            return
        with TemporaryDirectory(prefix="dai-pipeline-") as folder, zipfile.ZipFile(self.path) as archive:
            if self.path.suffix == ".whl" or _is_wheel(archive):
                (name,) = self.wheels
                (Path(folder) / name).write_bytes(self.path.read_bytes())
                yield Path(folder)
            else:
                archive.extractall(folder)
                yield Path(folder) / _folder_of(archive.namelist())


def read(path: Path) -> PipelineFile:
    """Look into a scoring pipeline; raises ModelFormatError if it is not whole."""
    if path.is_dir():
        names = [file.relative_to(path).as_posix() for file in _files(path)]
        return _described(path, names, lambda name: (path / name).read_bytes(), _wheel_digest(path, names))
    with zipfile.ZipFile(path) as archive:
        if _is_wheel(archive):
            return _bare_wheel(path, archive)
        return _described(path, archive.namelist(), archive.read, sha256(path))


def _described(path: Path, names: list[str], content: Callable[[str], bytes], digest: str) -> PipelineFile:
    wheels = [name for name in names if name.endswith(".whl")]
    scoring = _scoring_wheel(wheels, path)
    folder = scoring.rpartition("/")[0]
    example = f"{folder}/example.py".lstrip("/")
    examples = _examples(content(example).decode("utf-8", "replace")) if example in names else {}
    found = next((match for name in wheels if (match := _FOR_PYTHON.search(name))), None)
    return PipelineFile(
        path,
        scoring.rpartition("/")[2].partition("-")[0],
        digest,
        _time_of(path, scoring),
        tuple(name.rpartition("/")[2] for name in wheels),
        f"{found[1]}.{found[2]}" if found else None,
        examples,
    )


def _bare_wheel(path: Path, archive: zipfile.ZipFile) -> PipelineFile:
    about = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = HeaderParser().parsestr(archive.read(about).decode("utf-8", "replace"))
    module = next(name.partition("/")[0] for name in archive.namelist() if name.startswith(SCORING_MODULE))
    file = path.name if path.name.endswith(".whl") else f"{module}-{metadata['Version']}-py3-none-any.whl"
    wanted = re.search(r"==\s*(\d+\.\d+)", metadata["Requires-Python"] or "")
    created = datetime(*archive.getinfo(about).date_time, tzinfo=timezone.utc)
    return PipelineFile(
        path, module.partition("-")[0].partition(".")[0], sha256(path), created, (file,), wanted and wanted[1], {}
    )


def _is_wheel(archive: zipfile.ZipFile) -> bool:
    return any(name.endswith(".dist-info/WHEEL") for name in archive.namelist())


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _scoring_wheel(wheels: list[str], path: Path) -> str:
    found = [name for name in wheels if name.rpartition("/")[2].startswith(SCORING_MODULE)]
    if len(found) != 1:
        raise ModelFormatError(
            f"{path} should hold one wheel {SCORING_MODULE}...whl, and holds {len(found)}. Give the scorer.zip as "
            "Driverless AI exports it."
        )
    return found[0]


def _folder_of(names: list[str]) -> str:
    return _scoring_wheel([name for name in names if name.endswith(".whl")], Path()).rpartition("/")[0]


def _wheel_digest(path: Path, names: list[str]) -> str:
    """The SHA-256 of an unpacked pipeline: that of its wheels' and requirements' own, in order of their names."""
    digest = hashlib.sha256()
    for name in names:
        if name.endswith((".whl", ".txt")):
            digest.update(f"{name} {sha256(path / name)}\n".encode())
    return digest.hexdigest()


def _time_of(path: Path, wheel: str) -> datetime:
    if path.is_dir():
        return datetime.fromtimestamp((path / wheel).stat().st_mtime, timezone.utc)
    with zipfile.ZipFile(path) as archive:
        return datetime(*archive.getinfo(wheel).date_time, tzinfo=timezone.utc)


def _examples(source: str) -> dict[str, Example]:
    """The columns of example.py's rows, ``pd.Series([...], name='x', dtype='float32')``, without running it."""
    found: dict[str, Example] = {}
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return found
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Series"):
            continue
        words = {one.arg: one.value for one in node.keywords}
        name, kind = words.get("name"), words.get("dtype")
        if not (isinstance(name, ast.Constant) and isinstance(kind, ast.Constant) and kind.value in _TYPES):
            continue
        first = node.args[0].elts[0] if node.args and isinstance(node.args[0], ast.List) and node.args[0].elts else None
        value = str(first.value) if isinstance(first, ast.Constant) and first.value is not None else None
        found.setdefault(str(name.value), Example(_TYPES[str(kind.value)], value))
    return found
