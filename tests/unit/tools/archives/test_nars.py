"""The archives' layout, which NiFi is particular about, and the versions that go into them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from dai_nifi.archives import archive, dependencies
from dai_nifi.archives.build import build, own_modules
from dai_nifi.archives.install import install
from dai_nifi.archives.spec import GROUP, PYTHONS, SPECS
from dai_nifi.errors import NotFoundError, UsageError
from tests.support.project import quiet


@pytest.fixture
def nar(tmp_path: Path) -> Path:
    module = tmp_path / "ScoreThis.py"
    module.write_text("class ScoreThis: ...\n")
    entries: dict[str, Path | bytes] = {
        "NAR-INF/bundled-dependencies/b/deep/x.py": b"x = 1\n",
        "ScoreThis.py": module,
        "META-INF/LICENSE": b"Apache\n",
    }
    path = tmp_path / "this.nar"
    archive.write(path, archive.manifest("org.example", "this-nar", "1.2.3"), entries)
    return path


def test_meta_inf_comes_first_the_manifest_second_and_folders_have_entries(nar: Path) -> None:
    with zipfile.ZipFile(nar) as file:
        assert file.namelist() == [
            "META-INF/",
            "META-INF/MANIFEST.MF",
            "META-INF/LICENSE",
            "NAR-INF/",
            "NAR-INF/bundled-dependencies/",
            "NAR-INF/bundled-dependencies/b/",
            "NAR-INF/bundled-dependencies/b/deep/",
            "NAR-INF/bundled-dependencies/b/deep/x.py",
            "ScoreThis.py",
        ]
        assert file.read("ScoreThis.py") == b"class ScoreThis: ...\n"


def test_the_manifest_says_what_the_archive_is(nar: Path) -> None:
    assert archive.read_manifest(nar) == {
        "Manifest-Version": "1.0",
        "Nar-Group": "org.example",
        "Nar-Id": "this-nar",
        "Nar-Version": "1.2.3",
    }


def test_the_same_contents_give_the_same_bytes(nar: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(nar) as file:
        entries: dict[str, Path | bytes] = {
            name: file.read(name) for name in reversed(file.namelist()) if not name.endswith(("/", ".MF"))
        }
    again = tmp_path / "again.nar"
    archive.write(again, archive.manifest("org.example", "this-nar", "1.2.3"), entries)
    assert again.read_bytes() == nar.read_bytes()


def test_every_processor_has_its_module_and_a_name_of_its_own() -> None:
    from dai_nifi import resources

    assert GROUP == "org.apache.nifi"
    assert len({spec.id for spec in SPECS.values()}) == len(SPECS)
    for spec in SPECS.values():
        assert (resources.extensions() / f"{spec.processor}.py").is_file()


@pytest.mark.parametrize("python", PYTHONS)
def test_every_package_of_an_archive_is_pinned(python: str) -> None:
    wanted = dependencies.requirements(("java",), python)
    pins = {pin.partition("==")[0] for pin in dependencies.pins(python)}
    names = {text.partition(">")[0].partition("=")[0].partition("[")[0] for text in wanted}
    assert names == {"fastavro", "jpype1", "numpy", "orjson", "pyarrow"}
    assert names <= pins
    assert len(dependencies.pins(python)) == len(pins)


@pytest.mark.parametrize("python", PYTHONS)
def test_which_archives_there_are_for_a_python(python: str) -> None:
    assert SPECS["java"].reason_not_buildable(True, python) is None
    assert SPECS["python"].reason_not_buildable(True, python) is None
    told = SPECS["cpp"].reason_not_buildable(True, python)
    if python == "3.13":
        assert told is not None
        assert "for Python 3.10 to 3.12 only, not for 3.13: daimojo and datatable" in told
        with pytest.raises(UsageError, match="--runtime java"):
            build("cpp", Path("/nowhere"), quiet, accept_h2o_licence=True, python=python)
        assert "daimojo" not in " ".join(dependencies.requirements(("cpp",), python))
    else:
        assert told is None or "Linux on x86_64 only" in told


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nars build"):
        install(tmp_path / "gone.nar", quiet)


def test_an_archive_has_nothing_that_looks_for_a_java_or_fetches_jars() -> None:
    names = {name.partition("dai_scoring/")[2] for name in own_modules()}
    provision = {"provision/__init__.py", "provision/cache.py", "provision/model_store.py"}
    assert {name for name in names if name.startswith("provision/")} == provision
    assert not {name for name in names if name.startswith(("cli/", "jars/"))}
    assert "models.py" in names


def test_an_archive_has_no_packages_for_commands() -> None:
    wanted = dependencies.requirements(("java",), "3.11")
    assert [name for name in wanted if name.startswith(("typer", "rich"))] == []
    assert any(name.startswith("pyarrow") for name in wanted)
