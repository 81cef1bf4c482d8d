"""A disk that is full while NiFi is assembled, an archive is built or rows are scored: what is said, and what stays."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dai_nifi.archives.install import install
from dai_nifi.client.connection import connect
from dai_nifi.local.instance import LocalNiFi
from tests.support.models.titanic import GOLDEN_ROW
from tests.support.nifi import commands
from tests.support.nifi.canvas import Canvas, bulletins, model_only
from tests.support.processes import running_in
from tests.support.project import quiet
from tests.support.waiting import until

pytestmark = pytest.mark.nifi


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 40 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.strip() or 'only root may'}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def run(cache: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*commands.COMMAND, *map(str, arguments)],
        env={**os.environ, "DAI_NIFI_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_disk_is_told_and_with_more_room_nifi_is_assembled(small: Path, tmp_path: Path) -> None:
    start = ("nifi", "start", "--port", "0", "--heap", "512m", "--dir", tmp_path / "nifi")
    done = run(small, *start)
    assert done.returncode == 3, done.stderr
    assert "the disk is full" in done.stderr.lower()
    assert "DAI_NIFI_CACHE" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [one for one in small.iterdir() if one.is_dir()]
    assert running_in(tmp_path) == []
    subprocess.run(["mount", "-o", "remount,size=3g", small], check=True)
    try:
        done = run(small, *start)
        assert done.returncode == 0, done.stderr
    finally:
        run(small, "nifi", "stop", "--dir", tmp_path / "nifi")


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


def test_the_doctor_names_a_repository_without_room(small: Path, tmp_path: Path) -> None:
    local = LocalNiFi(tmp_path / "nifi")
    try:
        url = local.start(
            0, heap="512m", properties={"nifi.flowfile.repository.directory": str(small / "repository")}
        ).url
        done = commands.run("doctor", "--json", "--url", url)
        told = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    finally:
        local.stop()
    assert done.returncode == 1
    assert told["disk"]["says"] == "the disk of the flowfile repository has 0.0 GB of 0 GB left"
    assert told["disk"]["fix"].startswith("Make room, or move the repositories")


def test_contents_that_the_temporary_folder_cannot_hold_go_to_failure_with_advice(
    small: Path, titanic: Path, java_nar: Path, tmp_path: Path, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Larger than what is exchanged in memory.
    rows = f"{','.join(GOLDEN_ROW)}\n" + f"{','.join(GOLDEN_ROW.values())}\n" * 14_000_000
    assert len(rows) > 256 << 20
    monkeypatch.setenv("TMPDIR", str(small))
    local = LocalNiFi(tmp_path / "nifi")
    try:
        connect(local.start(0).url)
        install(java_nar, quiet)
        canvas = Canvas()
        (tmp_path / "in").mkdir()
        found = canvas.score_file(tmp_path / "in", rows.encode(), model_only(titanic))
        (failed,) = found["failure"]
        assert failed.size == len(rows)
        assert failed.attributes["scoring.error.code"] == "io"
        said = failed.attributes["scoring.error"]
        assert said.startswith("the machine that scores says 'No space left on device' at ")
        assert "Make room in /dev/shm and the temporary folder of the user that scores" in said
        until(lambda: any(said in one for one in bulletins(canvas, "ScoreJavaMojo")))
        assert not [one for one in small.glob("dai-scoring-*/*") if one.stat().st_size]
    finally:
        local.stop()
