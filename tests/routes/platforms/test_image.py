"""What the Dockerfile builds, in a folder in place of an image: its steps carried out, and its parts scoring."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dai_routes.platforms.packages import folder, own_wheel
from dai_scoring.model_file import Kind
from dai_scoring.provision.java import look
from tests.support.dockerfile import DOCKER
from tests.support.platforms.lambda_emulator import Function
from tests.support.project import quiet

pytestmark = pytest.mark.runtime

DOCKERFILE = (DOCKER / "routes" / "Dockerfile").read_text()
# Of those that score with the image's Java: from which file each class came.
LOAD = """
import os, sys
from pathlib import Path
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.service import ScoringService
options = ("-Xmx256m", "-XX:+UseSerialGC", f"-Xlog:class+load:file={sys.argv[2]}")
settings = RuntimeSettings(java_home=Path(os.environ["JAVA_HOME"]), jvm_options=options)
assert ScoringService().load(sys.argv[1], settings=settings).error is None
"""


def jdk() -> Path:
    """A JDK that makes small Javas, as the image's is made."""
    homes = [Path(os.environ.get("JAVA_HOME", "/none")), *sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)]
    for home in homes:
        java = look(home / "bin" / "java") if (home / "bin" / "jlink").is_file() else None
        if java is not None and java.version >= 21:
            return home
    pytest.skip(
        "no JDK 21 or newer with jlink: install one, such as Debian's openjdk-25-jdk-headless, or set JAVA_HOME"
    )


@pytest.fixture(scope="module")
def built(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stage lambda-parts leaves below /opt, in a folder."""
    home = jdk()
    if shutil.which("strip") is None:
        pytest.skip("binutils (strip) are not installed")
    (step,) = re.findall(r"^FROM tools AS lambda-parts\nRUN (.+)$", DOCKERFILE, re.MULTILINE)
    context, target = tmp_path_factory.mktemp("context"), tmp_path_factory.mktemp("opt")
    wheel = own_wheel.write(tmp_path_factory.mktemp("wheel"))
    model = folder.Model(samples / "penguins.mojo", Kind.H2O3_MOJO)
    folder.write(folder.Platform.LAMBDA, model, context, "penguins", wheel, quiet)
    places = {"TARGET": target, "MODEL": context / "model", "PYTHON": sys.executable, "JAVA_HOME": home}
    environment = {**os.environ, **{name: str(place) for name, place in places.items()}}
    ran = subprocess.run(step.split(), cwd=context, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return target


def test_its_parts_answer_in_the_emulator(built: Path, samples: Path, tmp_path: Path) -> None:
    (module,) = re.findall(r'^CMD \["(dai_routes\..+)"\]$', DOCKERFILE, re.MULTILINE)
    environment = {
        "MODEL": str(samples / "penguins.mojo"),
        "JAVA_HOME": str(built / "java"),
        "DAI_SCORING_CACHE": str(tmp_path / "none"),
    }
    function = Function(module, tmp_path, environment, str(built / "dai" / "bin" / "python"))
    try:
        with (samples / "penguins-rows.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        with (samples / "penguins-expected.csv").open(newline="", encoding="utf-8") as file:
            expected = [float(row["male"]) for row in csv.DictReader(file)]
        assert [float(one["male"]) for one in function.call(rows)] == expected
    finally:
        function.close()
    assert not (tmp_path / "none").exists()


def test_java_takes_the_classes_of_h2o_from_its_archive(built: Path, samples: Path, tmp_path: Path) -> None:
    log = tmp_path / "classes.log"
    subprocess.run(
        [built / "dai" / "bin" / "python", "-c", LOAD, samples / "penguins.mojo", log],
        env={**os.environ, "JAVA_HOME": str(built / "java")},
        check=True,
    )
    loaded = [line for line in log.read_text().splitlines() if " hex.genmodel." in line]
    assert len(loaded) > 50
    archived = [line for line in loaded if "source: shared objects file" in line]
    assert len(archived) > 0.9 * len(loaded)


def test_what_no_model_needs_is_not_there(built: Path) -> None:
    (packages,) = (built / "dai" / "lib").glob("python*/site-packages")
    names = {one.name for one in packages.iterdir()}
    assert not names & {"pip", "pandas", "pydantic", "uvicorn", "daimojo"}
    assert not list((packages / "pyarrow").glob("libarrow_flight*"))
    assert list((packages / "dai_routes" / "platforms" / "__pycache__").glob("lambda_handler.*.pyc"))
    megabytes = sum(one.stat().st_size for one in built.rglob("*") if one.is_file() and not one.is_symlink()) / 1e6
    # With Debian and its Python, 114 MB, the image stays below 350 MB.
    assert megabytes < 236


def test_no_target_runs_as_root() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    named = {stage.splitlines()[0].rpartition(" ")[2]: stage for stage in stages}
    for target in ("lambda", "served", "azureml"):
        assert re.findall(r"^USER (.+)$", named[target], re.MULTILINE)[-1] == "10001:10001"
    for target in ("rest", "sagemaker"):
        assert named[target].startswith("served ")
        assert "USER" not in named[target]
    assert named["rest"].count("HEALTHCHECK") == 1
