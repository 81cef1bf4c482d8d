"""Exchange folders: private, reused, and gone after their process, however it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from dai_scoring import leftovers
from dai_scoring.service import work_folders
from dai_scoring.service.work_folders import WorkFolders
from tests.support.files.small_disk import fill, mounted


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(work_folders, "_MEMORY_FOLDER", tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "disk"))
    (tmp_path / "disk").mkdir()
    return tmp_path


def test_a_file_of_another_name_is_kept_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(work_folders, "_MEMORY_FOLDER", tmp_path)
    made = work_folders.WorkFolders()
    folder = made.take(10)
    folder.source.write_text("rows")
    assert made.file("call") == folder.path / "call"
    assert folder.source.exists()
    made.remove()
    assert made.file("call").parent.is_dir()
    made.remove()


def test_small_contents_are_in_memory_and_large_ones_on_disk(place: Path) -> None:
    made = WorkFolders()
    assert made.take(1000).path.parent == place
    assert made.take(1 << 30).path.parent == place / "disk"
    assert made.take(1000).path.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_where_memory_is_closed_to_this_user_all_is_on_disk(place: Path) -> None:
    place.chmod(0o500)
    try:
        made = WorkFolders()
        folder = made.take(1000)
        assert folder.path.parent == place / "disk"
        folder.source.write_text("rows")
        assert made.file("call") == folder.path / "call"
        assert folder.source.exists()
    finally:
        place.chmod(0o700)


def test_a_thread_gets_its_folder_again_empty(place: Path) -> None:
    made = WorkFolders()
    first = made.take(10)
    first.source.write_text("rows")
    assert made.take(10) is first
    assert not first.source.exists()
    others: list[Path] = []
    thread = threading.Thread(target=lambda: others.append(made.take(10).path))
    thread.start()
    thread.join()
    assert others != [first.path]
    made.remove()
    assert not first.path.exists()
    assert made.take(10).path.is_dir()


def test_what_a_killed_process_left_is_deleted_and_nothing_else(place: Path) -> None:
    in_use = WorkFolders().take(10)
    script = (
        "import sys, time; from pathlib import Path; from dai_scoring.service import work_folders as folders;"
        "folders._MEMORY_FOLDER = Path(sys.argv[1]); folder = folders.WorkFolders().take(10);"
        "folder.source.write_text('rows'); print(folder.path, flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(place)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    left = Path(child.stdout.readline().strip())
    leftovers.remove(place, work_folders.PREFIX)
    assert (left / "source").read_text() == "rows"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    leftovers.remove(place, work_folders.PREFIX)
    assert not left.exists()
    assert in_use.path.is_dir()


def test_what_is_kept_outlives_the_next_scoring(place: Path) -> None:
    folder = WorkFolders().take(10)
    kept = []
    for text in ("one", "two"):
        folder.target.write_text(text)
        kept.append(folder.keep(folder.target))
        folder.clear()
    assert [path.read_text() for path in kept] == ["one", "two"]
    assert not folder.target.exists()


def test_where_memory_is_nearly_full_a_file_of_another_name_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "disk"))
    with mounted(tmp_path / "memory", "20m") as memory:
        monkeypatch.setattr(work_folders, "_MEMORY_FOLDER", memory)
        made = WorkFolders()
        assert made.file("call").is_relative_to(memory)
        fill(memory / "of somebody else")
        assert made.file("call").is_relative_to(tmp_path / "disk")
        (memory / "of somebody else").unlink()
        assert made.file("call").is_relative_to(memory)


def test_the_folders_of_a_thread_go_with_it_but_for_what_is_kept(place: Path) -> None:
    made = WorkFolders()
    kept: list[Path] = []

    def work(keeps: bool) -> None:
        for size in (10, 1 << 30):
            folder = made.take(size)
            folder.target.write_text("scores")
            if keeps:
                kept.append(folder.keep(folder.target))

    for keeps in (False, True):
        thread = threading.Thread(target=work, args=(keeps,))
        thread.start()
        thread.join()
    left = {path for folder in (place, place / "disk") for path in folder.glob(f"{work_folders.PREFIX}*")}
    assert left == {path.parent for path in kept}
    assert [path.read_text() for path in kept] == ["scores"] * 2
    made.remove()
    assert not any(path.exists() for path in left)
