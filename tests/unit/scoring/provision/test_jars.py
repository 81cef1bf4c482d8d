"""Jars and a Java: what is given, what is fetched, what is never fetched. Maven is a script that says it was called."""

from __future__ import annotations

from pathlib import Path

import pytest

from dai_scoring.errors import FetchError, PrerequisiteError, RuntimeMissingError
from dai_scoring.model_file import Kind
from dai_scoring.models import open_model
from dai_scoring.options import MODEL
from dai_scoring.progress import silent
from dai_scoring.provision import jars, java_runtime
from dai_scoring.scorer import RuntimeSettings
from dai_scoring_nifi import settings as properties


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache; its mvn notes each call, and leaves a file in the place of H2O's runtime."""
    script = tmp_path / "bin" / "mvn"
    script.parent.mkdir()
    script.write_text(
        "#!/bin/sh\n"
        f'echo "$*" >> {tmp_path}/called\n'
        'for word; do case $word in -DbuildDirectory=*) out="${word#*=}/jars/mojo2";; esac; done\n'
        'mkdir -p "$out" && echo jar > "$out/mojo2-runtime-impl-2.9.0.jar"\n',
        encoding="ascii",
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")
    monkeypatch.setenv("DAI_SCORING_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DAI_NIFI_CACHE", raising=False)
    return tmp_path


def test_h2os_runtime_is_fetched_only_after_acceptance_and_then_kept(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "check", lambda found: None)
    settings = RuntimeSettings(jar_folders=(machine,), java_home=machine)
    (machine / "open").mkdir()
    (machine / "open" / "h2o-genmodel-1.jar").touch()
    assert java_runtime.complete(settings, Kind.DAI_MOJO, silent).jar_folders == (machine,)
    assert not (machine / "called").exists()
    accepted = RuntimeSettings(jar_folders=(machine,), java_home=machine, accept_h2o_licence=True)
    fetched = java_runtime.complete(accepted, Kind.DAI_MOJO, silent).jar_folders[1]
    assert [jar.name for jar in (fetched / "mojo2").iterdir()] == ["mojo2-runtime-impl-2.9.0.jar"]
    assert java_runtime.complete(settings, Kind.DAI_MOJO, silent).jar_folders == (machine, fetched)
    assert len((machine / "called").read_text("utf-8").splitlines()) == 1


def test_a_jar_that_is_not_the_published_one_is_refused(machine: Path) -> None:
    with pytest.raises(FetchError, match=r"mojo2-runtime-impl-2\.9\.0\.jar is not the file that was published"):
        jars.mojo_runtime()
    assert jars.fetched_mojo_runtime() is None


def test_every_jar_that_is_fetched_has_a_checksum(jar_folders: tuple[Path, Path]) -> None:
    known = {line.split()[1] for line in (Path(jars.__file__).parent / "checksums.txt").read_text().splitlines()}
    found = {jar.name for folder in jar_folders for jar in folder.glob("*/*.jar")}
    assert found - known == {name for name in found if name.startswith("dai-scoring-java")}
    assert known - found == set()


def test_without_maven_it_is_said_what_it_is_for(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PrerequisiteError, match=r"needed to fetch H2O's MOJO runtime.*apt-get install maven"):
        jars.mojo_runtime()


@pytest.mark.parametrize("name", ["penguins.mojo", "driverless"])
def test_where_nothing_may_be_looked_for_nothing_is(
    name: str, samples: Path, machine: Path, request: pytest.FixtureRequest
) -> None:
    model = samples / name if name != "driverless" else request.getfixturevalue("titanic")
    settings = RuntimeSettings(provision=False, accept_h2o_licence=True)
    with pytest.raises(RuntimeMissingError, match="not installed here"):
        open_model(model, settings=settings)
    assert not (machine / "called").exists()
    assert not (machine / "cache").exists()


def test_a_processor_never_looks_for_anything() -> None:
    found, problems = properties.read({str(MODEL.label): "/model"}.get, Path("/java"))
    assert problems == []
    assert found is not None
    assert (found.runtime.provision, found.runtime.java_home) == (False, Path("/java"))
