"""The rooms of the project: the library knows nothing of NiFi, and imports nothing of what is built on it."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import ROOT

LIBRARY = ROOT / "scoring"
DISTRIBUTION = "nifi-dai-scoring"
FOREIGN = {"dai_scoring_nifi", "dai_nifi_protocol", "dai_nifi", "dai_routes", "nifiapi", "nipyapi", "py4j"}


ROOMS = ["processors", "routes", "scoring", "tests", "tools"]
MAX_FILES = 15
MAX_LINES = 300
LONG_FILES = {
    "scoring/dai_scoring/errors.py": "all errors with their codes in one tree, which docs and HTTP statuses follow",
    "scoring/dai_scoring/options.py": "all options in one table, from which flags, properties and docs are made",
    "processors/extensions/ScorePythonPipeline.py": "generated: NiFi wants every property spelled out in one module",
    "tests/nifi/flows/test_cut_off.py": "one interrupted command after another, on flows that they share",
    "tests/nifi/processors/test_processor.py": "the cases of one processor in one NiFi, with its archives",
    "tests/runtimes/engines/test_contract.py": "one contract, tried with every runtime",
    "tests/runtimes/engines/test_python_pipeline.py": "the cases of one pipeline, whose environment takes long to make",
    "tests/runtimes/values/test_cases.py": "one table of cases for every way to judge a value",
    "tests/runtimes/values/test_values.py": "one table of values for every way to judge a value",
    "tests/unit/scoring/formats/test_formats_binary.py": "the same cases for Avro, Parquet and Arrow",
    "tests/unit/tools/flows/test_flows.py": "what all flow definitions have in common",
}
"""Files with more than 300 lines, each with the reason."""


def files() -> list[Path]:
    return sorted(file for file in LIBRARY.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def test_the_library_does_not_speak_of_nifi() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in files()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if "nifi" in line.lower().replace(DISTRIBUTION, "")
    ]
    assert found == []
    assert [file for file in files() if "nifi" in file.name.lower()] == []


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_library_imports_nothing_of_the_other_rooms() -> None:
    assert {file.name: bad for file in files() if file.suffix == ".py" and (bad := imported(file) & FOREIGN)} == {}


def imports_of(statements: list[ast.stmt]) -> Iterator[str]:
    """The modules that these statements import, those for types alone included, but not what functions import."""
    for one in statements:
        if isinstance(one, ast.Import):
            yield from (alias.name for alias in one.names)
        elif isinstance(one, ast.ImportFrom) and one.module:
            yield from (f"{one.module}.{alias.name}" for alias in one.names)
        elif isinstance(one, (ast.If, ast.Try)):
            yield from imports_of([*one.body, *one.orelse])


@pytest.mark.parametrize(
    "package", ["processors/dai_scoring_nifi", "routes/dai_routes", "scoring/dai_scoring", "tools/dai_nifi"]
)
def test_modules_do_not_import_each_other_in_a_circle(package: str) -> None:
    folder = ROOT / package
    names = {
        ".".join(file.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__"): file
        for file in folder.rglob("*.py")
    }
    graph = {
        name: {one if one in names else one.rpartition(".")[0] for one in imports_of(ast.parse(file.read_text()).body)}
        for name, file in names.items()
    }
    assert sum(len(found & names.keys()) for found in graph.values()) > len(names)
    graphlib.TopologicalSorter({name: found & names.keys() - {name} for name, found in graph.items()}).prepare()


@pytest.mark.parametrize(("room", "others"), [("processors", {"dai_nifi", "dai_routes"}), ("tools", {"dai_routes"})])
def test_rooms_import_only_what_they_stand_on(room: str, others: set[str]) -> None:
    sources = sorted((ROOT / room).rglob("*.py"))
    assert len(sources) > 5
    assert {file.name: bad for file in sources if (bad := imported(file) & others)} == {}


def test_the_library_alone_advises_nothing_about_a_canvas() -> None:
    code = (
        "from dai_scoring.errors import RuntimeMissingError\n"
        "from dai_scoring.option_words import Audience\n"
        "error = RuntimeMissingError('none.', advice=('{bundle_jars} does it.', 'Set {mojo_runtime}.'))\n"
        "print(error, error.text_for(Audience.CANVAS), sep='|')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "none. Set mojo_runtime.|none. Set MOJO Runtime.\n"


def test_what_tests_share_is_in_support() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    shared = re.compile(r"^ *from tests\.(\S+\.)?(test_\w+|conftest) import", re.MULTILINE)
    assert len(tests) > 100
    assert [file.name for file in tests if shared.search(file.read_text(encoding="utf-8"))] == []


def folders(room: str) -> list[Path]:
    return [ROOT / room, *(one for one in (ROOT / room).rglob("*") if one.is_dir() and one.name != "__pycache__")]


@pytest.mark.parametrize("room", ROOMS)
def test_no_folder_has_more_than_15_files(room: str) -> None:
    count = {str(one.relative_to(ROOT)): sum(file.is_file() for file in one.iterdir()) for one in folders(room)}
    assert {folder: files for folder, files in count.items() if files > MAX_FILES} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_is_long_without_a_reason(room: str) -> None:
    sources = [file for folder in folders(room) for kind in ("*.py", "*.java") for file in folder.glob(kind)]
    assert len(sources) > 20
    lines = {str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in sources}
    assert {file: count for file, count in lines.items() if count > MAX_LINES and file not in LONG_FILES} == {}


def test_long_files_exist() -> None:
    assert [file for file in LONG_FILES if not (ROOT / file).is_file()] == []
