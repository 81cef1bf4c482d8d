"""A disk that is full while NiFi is assembled, an archive is built or rows are scored: what is said, and what stays."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from tests.support.files.small_disk import mounted
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.nifi import commands
from tests.support.nifi.canvas import Canvas, bulletins, model_only
from tests.support.processes import running_in
from tests.support.project import quiet
from tests.support.waiting import until

pytestmark = pytest.mark.nifi


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "small") as folder:
        yield folder


def run(cache: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*commands.COMMAND, *map(str, arguments)],
        env={**os.environ, "DAI_NIFI_CACHE": str(cache), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class Started:
    """A NiFi with little room for a repository and for its temporary files, which are in a file system of 40 MB."""

    refused: subprocess.CompletedProcess[str]
    """The first attempt to start it, for which there was no room."""
    left: tuple[list[Path], list[int]]
    """Folders and processes that it left."""
    url: str
    temporary: Path


@pytest.fixture(scope="module")
def started(elsewhere: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("full")
    nifi = folder / "nifi"
    with (
        mounted(folder / "cache") as cache,
        mounted(folder / "temporary") as temporary,
        mounted(folder / "repository") as repository,
    ):
        start = ("nifi", "start", "--port", "0", "--dir", nifi)
        refused = run(cache, *start)
        left = [one for one in cache.iterdir() if one.is_dir()], running_in(folder)
        subprocess.run(["mount", "-o", "remount,size=3g", cache], check=True)
        nifi.mkdir(exist_ok=True)
        (nifi / "flowfile_repository").symlink_to(repository)
        try:
            done = run(cache, *start, "--json", TMPDIR=str(temporary))
            assert done.returncode == 0, done.stderr
            yield Started(refused, left, json.loads(done.stdout)["url"].removesuffix("/nifi"), temporary)
        finally:
            run(cache, "nifi", "stop", "--dir", nifi)


def test_a_full_disk_for_nifi_itself_or_an_archive_is_told(small: Path) -> None:
    (small / "filler").write_bytes(bytes(39 << 20))
    with (small / "rest").open("wb", buffering=0) as rest:
        try:
            while rest.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass
    cache = Path(os.environ.get("DAI_NIFI_CACHE", Path.home() / ".cache" / "nifi-dai-scoring"))
    for command in (
        ("nifi", "start", "--port", "0", "--dir", small / "nifi"),
        ("nars", "build", "--runtime", "python", "--output", small / "nars"),
    ):
        done = run(cache, *command)
        assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
        assert "The disk is full" in done.stderr
    assert running_in(small) == []


def test_a_full_disk_is_told_and_with_more_room_nifi_is_assembled(started: Started) -> None:
    said = started.refused.stderr
    assert started.refused.returncode == 3, said
    assert "the disk is full" in said.lower()
    assert "DAI_NIFI_CACHE" in said
    assert "Traceback" not in said
    assert started.left == ([], [])


def test_the_doctor_names_a_repository_without_room(started: Started) -> None:
    done = commands.run("doctor", "--json", "--url", started.url)
    told = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert told["disk"]["says"] == "the disk of the flowfile repository has 0.0 GB of 0 GB left"
    assert told["disk"]["fix"].startswith("Make room, or move the repositories")


def test_contents_that_the_temporary_folder_cannot_hold_go_to_failure_with_advice(
    started: Started, titanic: Path, java_nar: Path, tmp_path: Path
) -> None:
    # Larger than what is exchanged in memory.
    rows = f"{','.join(GOLDEN_ROW)}\n" + f"{','.join(GOLDEN_ROW.values())}\n" * 14_000_000
    assert len(rows) > 256 << 20
    connect(started.url)
    install(java_nar, quiet)
    canvas = Canvas()
    found = canvas.score_file(tmp_path, rows.encode(), model_only(titanic))
    (failed,) = found["failure"]
    assert failed.size == len(rows)
    assert failed.attributes["scoring.error.code"] == "io"
    said = failed.attributes["scoring.error"]
    assert said.startswith("the machine that scores says 'No space left on device' at ")
    assert "Make room in /dev/shm and the temporary folder of the user that scores" in said
    until(lambda: any(said in one for one in bulletins(canvas, "ScoreJavaMojo")))
    assert not [one for one in started.temporary.glob("dai-scoring-*/*") if one.stat().st_size]
