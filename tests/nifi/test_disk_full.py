"""A disk that is full while NiFi is assembled or an archive is built: what is said, and that more room is enough."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nifi.commands import COMMAND
from tests.nifi.test_local_nifi import running_in

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
        [*COMMAND, *map(str, arguments)],
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
