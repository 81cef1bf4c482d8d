"""Contents that a folder in memory cannot hold, with their scores: they are scored on disk."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dai_scoring.scorer import Scorer
from dai_scoring.service import HttpRequest, Request, ScoringService, work_folders
from tests.support.files.small_disk import fill, mounted
from tests.support.models.titanic import GOLDEN_ROW

pytestmark = pytest.mark.runtime

CSV = "text/csv"
HEADER = ",".join(GOLDEN_ROW) + "\n"
ROW = ",".join(GOLDEN_ROW.values()) + "\n"


@dataclass(frozen=True)
class Generated:
    """Contents that become much larger than they say, as compressed ones do."""

    rows: int
    size: int = 20_000
    writes_again: bool = True

    def write_to(self, path: Path) -> None:
        path.write_text(HEADER + ROW * self.rows)


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A memory of 2 MB, and a temporary folder with enough room."""
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "disk"))
    with mounted(tmp_path / "memory", "2m") as folder:
        monkeypatch.setattr(work_folders, "_MEMORY_FOLDER", folder)
        yield folder


@pytest.mark.parametrize("rows", [50_000, 200_000], ids=["scores", "rows"])
def test_without_room_in_memory_contents_are_scored_on_disk(memory: Path, titanic_scorer: Scorer, rows: int) -> None:
    with ScoringService(titanic_scorer) as service:
        alone = service.respond(Request(Generated(rows), CSV))
        for found in (alone, *service.respond_all([Request(Generated(rows), CSV)] * 2)):
            assert found.failure is None
            assert isinstance(found.contents, Path)
            assert not found.contents.is_relative_to(memory)
            assert found.contents.read_bytes().count(b"\n") == rows + 1
        assert [one for one in memory.glob("*/*") if one.name != "lock"] == []


def test_a_compressed_request_needs_no_room_in_memory(memory: Path, titanic_scorer: Scorer) -> None:
    packed = memory.parent / "packed"
    packed.write_bytes(gzip.compress((HEADER + ROW * 200_000).encode()))
    headers = {"Content-Type": CSV, "Content-Encoding": "gzip"}
    with ScoringService(titanic_scorer) as service:
        found = service.respond_http(HttpRequest("POST", "/score", {}, headers, packed))
        assert found.status == 200


@pytest.mark.parametrize("rows", [50_000, 200_000], ids=["scores", "rows"])
def test_a_source_that_can_be_read_once_is_not_asked_again(memory: Path, titanic_scorer: Scorer, rows: int) -> None:
    lines = iter([HEADER, *[ROW] * rows])
    asked: list[Path] = []

    class Stream:
        size = 20_000

        def write_to(self, path: Path) -> None:
            asked.append(path)
            with path.open("w") as file:
                file.writelines(lines)

    with ScoringService(titanic_scorer) as service:
        found = service.respond(Request(Stream(), CSV))
        assert found.failure is not None
        assert (found.failure.code, len(asked)) == ("io", 1)
        assert [one for one in memory.glob("*/*") if one.name != "lock"] == []


def test_a_memory_that_others_have_filled(memory: Path, titanic_scorer: Scorer) -> None:
    with ScoringService(titanic_scorer) as service:
        service.respond(Request(Generated(10), CSV)).discard()
        fill(memory / "of somebody else")
        found = service.respond(Request(Generated(1000, size=0), CSV))
        assert found.failure is None


def test_a_disk_that_is_full_too_is_told(tmp_path: Path, memory: Path, titanic_scorer: Scorer) -> None:
    with mounted(tmp_path / "small", "2m") as small, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(small))
        with ScoringService(titanic_scorer) as service:
            found = service.respond(Request(Generated(200_000), CSV))
            assert found.failure is not None
            assert found.failure.code == "io"
            assert [one for one in tmp_path.glob("*/*/*") if one.name != "lock"] == []
