"""The shared folder: which one it is, and its locks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dai_scoring.errors import PrerequisiteError
from dai_scoring.provision import cache


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has imported the library alone, on Linux."""
    monkeypatch.setattr(cache, "_variables", ["DAI_SCORING_CACHE"])
    for name in ("DAI_SCORING_CACHE", "DAI_NIFI_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_the_variable_then_the_platforms_cache_then_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.directory() == tmp_path / ".cache" / "nifi-dai-scoring"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.directory() == tmp_path / ".cache" / "nifi-dai-scoring"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.directory() == tmp_path / "xdg" / "nifi-dai-scoring"
    monkeypatch.setenv("DAI_SCORING_CACHE", "~/mine")
    assert cache.directory() == tmp_path / "mine"


def test_a_program_may_have_a_variable_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAI_SCORING_CACHE", str(tmp_path / "library"))
    monkeypatch.setenv("DAI_NIFI_CACHE", str(tmp_path / "tool"))
    assert cache.directory() == tmp_path / "library"
    cache.named_by("DAI_NIFI_CACHE")
    assert (cache.directory(), cache.variable()) == (tmp_path / "tool", "DAI_NIFI_CACHE")
    monkeypatch.delenv("DAI_NIFI_CACHE")
    assert cache.directory() == tmp_path / "library"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DAI_SCORING_CACHE", str(tmp_path / "file" / "cache"))
    with (
        pytest.raises(PrerequisiteError, match=r"file/cache, cannot be written \(Not a directory\).*DAI_SCORING_CACHE"),
        cache.locked(cache.directory() / "a.lock"),
    ):
        pass


def test_the_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    holder = (
        "import sys, pathlib, os\nfrom dai_scoring.provision import cache\n"
        "with cache.locked(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, lock],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        waited: list[bool] = []

        def waits() -> None:
            waited.append(True)
            process.kill()

        with cache.locked(lock, waits):
            assert waited == [True]


@pytest.mark.parametrize("package", ["dai_nifi", "dai_scoring_nifi"])
def test_the_command_and_the_processors_keep_environments_in_the_same_folder(package: str, tmp_path: Path) -> None:
    code = (
        f"import {package}; from dai_scoring.runtimes.python_pipeline import environment; "
        "print(environment.default_folder())"
    )
    variables = {"DAI_NIFI_CACHE": str(tmp_path / "a"), "DAI_SCORING_CACHE": str(tmp_path / "b")}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{tmp_path / 'a' / 'pipelines'}\n"
