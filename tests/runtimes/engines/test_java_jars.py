"""Jars of the Java runtimes that are missing, or in the wrong place, and models that Java does not describe."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dai_scoring.errors import RuntimeMissingError, UnsupportedError
from dai_scoring.models import open_model
from dai_scoring.scorer import RuntimeSettings
from tests.support.models.h2o3_mojo import changed

Folders = tuple[Path, Path]


def folder(target: Path, sources: Folders, without: str) -> Path:
    """A folder with links to all jars but those whose names begin so."""
    for source in sources:
        for jar in source.glob("*/*.jar"):
            if not jar.name.startswith(without):
                link = target / jar.parent.name / jar.name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(jar)
    return target


@pytest.mark.parametrize("lacking", ["h2o-genmodel-3", "h2o-genmodel-ext-xgboost", "gson", "dai-scoring-java"])
def test_a_missing_jar_is_named_and_another_folder_may_have_it(
    samples: Path, settings: RuntimeSettings, jar_folders: Folders, tmp_path: Path, lacking: str
) -> None:
    part = folder(tmp_path / "part", jar_folders, without=lacking)
    with pytest.raises(
        RuntimeMissingError, match=rf"there is no {lacking.removesuffix('-3')} among the jars of .*part"
    ):
        open_model(samples / "penguins.mojo", settings=replace(settings, jar_folders=(part,)))
    open_model(samples / "penguins.mojo", settings=replace(settings, jar_folders=(part, *jar_folders))).close()


def test_a_missing_jar_of_the_mojo_runtime_is_named(
    titanic: Path, settings: RuntimeSettings, jar_folders: Folders, tmp_path: Path
) -> None:
    part = folder(tmp_path / "part", jar_folders, without="mojo2-runtime-api")
    for changes in ({"jar_folders": (part,)}, {"mojo_runtime": part / "mojo2"}):
        with pytest.raises(RuntimeMissingError, match=r"there is no mojo2-runtime-api among the jars of .*part"):
            open_model(titanic, settings=replace(settings, **changes))  # type: ignore[arg-type]


RUN_TWO = """
import sys
from pathlib import Path
from dai_scoring.errors import ModelError
from dai_scoring.models import open_model
from dai_scoring.scorer import RuntimeSettings
for model, folder in (sys.argv[1:3], sys.argv[3:5]):
    try:
        open_model(model, settings=RuntimeSettings(jar_folders=(Path(folder),)))
    except ModelError as error:
        print(type(error).__name__, error)
"""


def test_jars_that_come_too_late_are_told(samples: Path, titanic: Path, jar_folders: Folders, tmp_path: Path) -> None:
    first = folder(tmp_path / "first", jar_folders, without="h2o-genmodel-3")
    second = folder(tmp_path / "second", jar_folders[:1], without="none")
    command = [sys.executable, "-c", RUN_TWO, titanic, first, samples / "penguins.mojo", second]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith("RuntimeMissingError the Java runtime is not complete for")
    assert f"the jars of {second / 'open'} came later" in said
    assert "damaged" not in said
    assert len(said.splitlines()) == 1


def test_a_model_that_java_does_not_describe_is_refused(
    samples: Path, settings: RuntimeSettings, tmp_path: Path
) -> None:
    model = changed(
        samples / "penguins.mojo", tmp_path / "odd.mojo", {"category = Binomial": "category = DimReduction"}
    )
    with pytest.raises(UnsupportedError, match="of the algorithm gbm, but cannot say what its columns"):
        open_model(model, settings=settings)
