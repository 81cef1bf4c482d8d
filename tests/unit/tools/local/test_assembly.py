"""The shared assembly: complete or not there, whatever happened before. Only Maven is replaced."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dai_nifi.errors import PrerequisiteError, ToolError
from dai_nifi.local import assembly
from dai_scoring.progress import Progress
from tests.support.waiting import PATIENCE

JAVA = Path("/no/java/is/needed")


def silent(what: str, share: float | None = None) -> None:
    pass


class FakeMaven:
    def __init__(self, fails: bool = False) -> None:
        self.runs = 0
        self.fails = fails
        self.goes_on = threading.Event()
        self.goes_on.set()

    def __call__(self, part: Path, log: Path, progress: Progress) -> None:
        self.runs += 1
        (part / "lib").mkdir()
        (part / "lib" / "nifi-api.jar").write_bytes(b"jar")
        self.goes_on.wait(PATIENCE)
        if self.fails:
            raise ToolError("no network")
        (part / "python" / "framework").mkdir(parents=True)
        (part / "python" / "framework" / "Controller.py").write_text("pass\n", encoding="ascii")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAI_NIFI_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def folders(root: Path) -> list[str]:
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir())


def test_it_is_made_once(own_cache: Path) -> None:
    fake = FakeMaven()
    first = assembly.ensure(JAVA, silent, fake)
    second = assembly.ensure(JAVA, silent, fake)
    assert fake.runs == 1
    assert first == second
    assert (first.lib / "nifi-api.jar").read_bytes() == b"jar"
    assert (first.python_framework / "Controller.py").is_file()
    assert folders(own_cache) == [first.root.name]


@pytest.mark.parametrize("damage", ["file missing", "file cut", "no stamp", "stamp cut", "other pom"])
def test_a_damaged_one_is_made_anew(damage: str, own_cache: Path) -> None:
    made = assembly.ensure(JAVA, silent, FakeMaven())
    jar, stamp = made.lib / "nifi-api.jar", made.root / "assembled.json"
    if damage == "file missing":
        jar.unlink()
    elif damage == "file cut":
        jar.write_bytes(b"j")
    elif damage == "no stamp":
        stamp.unlink()
    elif damage == "stamp cut":
        stamp.write_bytes(stamp.read_bytes()[:40])
    else:
        stamp.write_text(stamp.read_text("utf-8").replace('"digest": "', '"digest": "0'), encoding="utf-8")
    assert not assembly.is_current(made.root)
    fake = FakeMaven()
    again = assembly.ensure(JAVA, silent, fake)
    assert fake.runs == 1
    assert (again.lib / "nifi-api.jar").read_bytes() == b"jar"
    assert assembly.is_current(again.root)
    assert folders(own_cache) == [again.root.name]


def test_a_failed_attempt_leaves_nothing_and_the_next_one_succeeds(own_cache: Path) -> None:
    with pytest.raises(ToolError, match="no network"):
        assembly.ensure(JAVA, silent, FakeMaven(fails=True))
    assert folders(own_cache) == []
    assert assembly.is_current(assembly.ensure(JAVA, silent, FakeMaven()).root)


def test_what_a_killed_process_left_is_swept_away(own_cache: Path) -> None:
    leftover = own_cache / f"{assembly.place().name}.part-abc"
    (leftover / "lib").mkdir(parents=True)
    made = assembly.ensure(JAVA, silent, FakeMaven())
    assert folders(own_cache) == [made.root.name]


def test_two_at_once_assemble_once() -> None:
    fake = FakeMaven()
    fake.goes_on.clear()
    waiting: list[str] = []

    def told(what: str, share: float | None = None) -> None:
        if what == "waiting for another assembly":
            waiting.append(what)
            if len(waiting) == 2:
                fake.goes_on.set()

    threads = [threading.Thread(target=assembly.ensure, args=(JAVA, told, fake)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert (fake.runs, len(waiting)) == (1, 2)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DAI_NIFI_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(PrerequisiteError, match=r"file/cache, cannot be written \(Not a directory\).*DAI_NIFI_CACHE"):
        assembly.ensure(JAVA, silent, FakeMaven())


def test_the_pom_names_the_version() -> None:
    assert assembly.version() == "2.3.0"
    assert assembly.place().name.startswith("nifi-2.3.0-")


def test_a_failing_maven_is_reported_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "bin" / "mvn"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "[ERROR] JAVA $JAVA_HOME"\nexit 1\n', encoding="ascii")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")
    with pytest.raises(ToolError, match="JAVA /no/java/is/needed") as caught:
        assembly.ensure(JAVA, silent)
    log = Path(str(caught.value).rpartition(" ")[2])
    assert log.read_text("utf-8") == "[ERROR] JAVA /no/java/is/needed\n"


def test_without_maven_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PrerequisiteError, match="apt-get install maven"):
        assembly.ensure(JAVA, silent)
