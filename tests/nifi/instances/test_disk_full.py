"""A disk that is full while NiFi is assembled, an archive is built or rows are scored: what is said, and what stays."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nipyapi
import pytest

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.operations.models import processor_state
from tests.support.files.small_disk import fill, mounted
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.nifi import commands
from tests.support.nifi.canvas import Canvas, bulletins, content_of, listed, model_only, stopped
from tests.support.nifi.instance import started as running
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
    fill(small / "filler")
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


def test_with_a_full_content_repository_flowfiles_wait_as_they_came(
    java_nar: Path, titanic: Path, tmp_path: Path
) -> None:
    header, row = ",".join(GOLDEN_ROW), ",".join(GOLDEN_ROW.values())
    # NiFi itself keeps up to 8 KB of scores in memory, and loses them if they find no room later; no processor sees it.
    counts = {"small-1": 200, "small-2": 210, "small-3": 220, "large": 150_000}
    texts = {name: f"{header}\n" + f"{row}\n" * count for name, count in counts.items()}
    nifi, inbox = tmp_path / "nifi", tmp_path / "inbox"
    nifi.mkdir()
    inbox.mkdir()
    with mounted(tmp_path / "repository") as repository:
        (nifi / "content_repository").symlink_to(repository)
        with running(nifi, java_nar, {"nifi.administrative.yield.duration": "1 sec"}):
            canvas = Canvas()
            soon = nipyapi.nifi.ProcessorConfigDTO(penalty_duration="1 sec")
            scorer = nipyapi.canvas.update_processor(canvas.scorer(model_only(titanic)), soon)
            source = canvas.processor("GetFile", {"Input Directory": str(inbox)}, scheduling_period="100 millis")
            queue = nipyapi.canvas.create_connection(source, scorer, ["success"])
            nipyapi.canvas.schedule_processor(source, True)
            for count, (name, text) in enumerate(texts.items(), 1):
                (tmp_path / name).write_text(text)
                (tmp_path / name).rename(inbox / name)
                until(lambda expected=count: len(listed(queue.id)) == expected)
            fill(repository / "filler")
            until(lambda: canvas.validation(scorer)[0] == "VALID")
            nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(scorer.id, "id"), True)
            until(lambda: sum("No space left" in one for one in bulletins(canvas, "ScoreJavaMojo")) > 1)
            (process,) = [int(pid) for one in states(scorer.id) if (pid := one.get("python.process"))]
            stopped(scorer.id)
            assert [one for folder in work_folders(process) for one in folder.glob("*-[0-9]*")] == []
            waiting = {one.filename: one for one in listed(queue.id)}
            assert {name: content_of(queue.id, one).decode() for name, one in waiting.items()} == texts
            assert not [name for one in waiting.values() for name in one.attributes if name.startswith("scoring.")]
            (repository / "filler").unlink()
            nipyapi.canvas.schedule_processor(nipyapi.canvas.get_processor(scorer.id, "id"), True)
            scored = until(lambda: len(found := listed(canvas.sinks["success"].id)) == len(counts) and found)
            assert listed(canvas.sinks["failure"].id) == []
            for one in scored:
                lines = canvas.content("success", one).splitlines()
                assert lines[0] == f"{header},survived.0,survived.1"
                assert len(lines) == counts[one.filename] + 1


def states(processor: str) -> list[dict[str, str]]:
    return [dict(one) for one in processor_state.read(processor).nodes]


def work_folders(process: int) -> set[Path]:
    """The folders for contents that a Python process of NiFi has: it keeps their locks open."""
    files = [one.readlink() for one in Path(f"/proc/{process}/fd").iterdir() if one.is_symlink()]
    return {one.parent for one in files if one.parent.name.startswith("dai-scoring-")}
