"""Deletes what no model needs from the packages of an image: `python trim.py SITE_PACKAGES`.

Most of it belongs to pyarrow: Flight, file systems of clouds, headers and tests. Its libraries for Substrait and data
sets have to stay, since others are linked with them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

UNUSED = (
    "pip",
    "pip-*.dist-info",
    "pygments",
    "numpy/**/tests",
    "numpy/**/*_tests.*",
    "numpy/f2py",
    # numpy loads these when they are first used, which nothing here does.
    *(f"numpy/{name}" for name in ("fft", "polynomial", "random")),
    "numpy/_core/_simd.*",
    "pyarrow/include",
    "pyarrow/src",
    "pyarrow/tests",
    "pyarrow/_pyarrow_cpp_tests.*",
    "pyarrow/_dataset*",
    *(f"pyarrow/_{name}.*" for name in ("flight", "substrait", "s3fs", "gcsfs", "azurefs", "hdfs", "orc")),
    *(f"pyarrow/libarrow_{name}.so*" for name in ("flight", "python_flight", "s3")),
    "pyarrow/*.pxd",
    "pyarrow/*.pxi",
    "pyarrow/*.pyx",
    "**/*.pyi",
    "**/__pycache__",
    # The tool for NiFi.
    "dai_nifi",
)
# A Lambda function has no command line, only its handler.
FUNCTION = "awslambdaric"
COMMANDS = ("markdown_it", "pydantic", "pydantic_core", "rich", "shellingham", "typer")


def trim(packages: Path) -> int:
    """Delete what is unused in a folder of packages; returns how many bytes that were."""
    unused = (*UNUSED, *COMMANDS) if (packages / FUNCTION).is_dir() else UNUSED
    found = {path for pattern in unused for path in packages.glob(pattern)} | _copies(packages / "pyarrow")
    freed = 0
    for path in sorted(found, key=lambda path: len(path.parts)):
        if path.is_dir():
            freed += sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
            shutil.rmtree(path)
        elif path.exists():
            freed += path.stat().st_size
            path.unlink()
    return freed


def _copies(folder: Path) -> set[Path]:
    """Libraries under further names: a wheel has no links, and only ``name.so.2600`` is what others load."""
    copies = set()
    for library in folder.glob("*.so.*"):
        if library.name.rpartition(".so.")[2].isdigit():
            copies |= set(folder.glob(f"{library.name}.*"))
            copies |= {one for one in [folder / f"{library.name.partition('.so')[0]}.so"] if one.exists()}
    return copies


if __name__ == "__main__":
    print(f"{trim(Path(sys.argv[1])) >> 20} MB deleted")
