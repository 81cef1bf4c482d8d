"""The wheel: what it holds, and a model that is scored with it alone, without Maven, a network or a cache."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dai_scoring.provision import java
from tests.support.project import ROOT
from tests.support.waiting import PATIENCE

SCORE = """
import sys
from pyarrow.csv import read_csv
import dai_scoring
from dai_scoring import open_model
print(open_model(sys.argv[1]).score(read_csv(sys.argv[2])).predictions.to_pylist()[0]["female"], dai_scoring.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, jar_folders: tuple[Path, Path]) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(folder.glob("*.whl"))


def test_it_holds_the_open_jars_and_their_notices_and_nothing_of_h2os_own(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        notice = archive.read("dai_scoring/jars/open/NOTICE.txt").decode()
    jars = [Path(name).name for name in names if name.endswith(".jar") and name.startswith("dai_scoring/")]
    assert any(name.startswith("dai_routes/jars/dai-routes-java") for name in names)
    assert {"gson", "h2o-genmodel", "h2o-genmodel-ext-xgboost", "dai-scoring-java"} <= {
        jar.rpartition("-")[0] for jar in jars
    }
    assert [jar for jar in jars if jar.rpartition("-")[0] not in notice] == []
    assert not [name for name in names if "mojo2-runtime" in name]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_three_lines_score_a_row(wheel: Path, samples: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    environment = {
        "HOME": str(tmp_path / "home"),
        "PATH": str(tmp_path / "nothing"),
        "PYTHONPATH": str(tmp_path / "installed"),
        "JAVA_HOME": str(java.find_java()),
    }
    command = [sys.executable, "-c", SCORE, str(samples / "penguins.mojo"), str(samples / "penguins-rows.csv")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    score, place = done.stdout.split()
    expected = next(csv.DictReader(io.StringIO((samples / "penguins-expected.csv").read_text())))
    assert float(score) == pytest.approx(float(expected["female"]), abs=1e-6)
    assert place.startswith(str(tmp_path / "installed") + os.sep)
    assert not (tmp_path / "home").exists()
