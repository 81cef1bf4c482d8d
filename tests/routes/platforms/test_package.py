"""``dai-score package``: the folders as the platforms' own tools read them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from dai_routes.platforms import container
from dai_routes.platforms.packages import own_wheel
from dai_scoring.cli.__main__ import main
from tests.support.called import Ended, called
from tests.support.packages import target_packages
from tests.support.project import ROOT

PLATFORMS = ("lambda", "cloud-run", "azureml", "sagemaker")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_wheel.write(tmp_path_factory.mktemp("wheel"))


def package(platform: str, model: Path, folder: Path, wheel: Path, *further: str) -> Ended:
    return called(main, "package", platform, str(model), "-o", str(folder), "--wheel", str(wheel), "--json", *further)


@pytest.fixture(scope="module")
def folders(samples: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {platform: tmp_path_factory.mktemp(platform) for platform in PLATFORMS}
    for platform, folder in made.items():
        ended = package(platform, samples / "penguins.mojo", folder, wheel)
        assert (ended.returncode, ended.stderr) == (0, "")
        about = json.loads(ended.stdout)
        assert about["model"] == {"file": "penguins.mojo", "kind": "H2O-3 MOJO", "runtime": "java"}
        assert about["files"] == sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())
    return made


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_folder_has_all_that_its_dockerfile_copies(folders: dict[str, Path], platform: str, samples: Path) -> None:
    folder = folders[platform]
    context = folder / "environment" if platform == "azureml" else folder
    lines = (context / "Dockerfile").read_text().splitlines()
    copied = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    assert len(copied) > 5
    assert [word for word in copied if not (context / word).exists()] == []
    assert (folder / "model" / "penguins.mojo").read_bytes() == (samples / "penguins.mojo").read_bytes()
    readme = (folder / "README.md").read_text()
    assert len(readme.splitlines()) < 50
    texts = [one.read_text() for one in folder.iterdir() if one.suffix in (".md", ".yaml", ".yml")]
    assert not any(f"@{word}@" in text for text in texts for word in ("NAME", "MODEL", "SHA256", "KIND"))
    assert "LICENSE" not in readme
    if platform == "azureml":
        assert lines[-1] == "FROM azureml"


@pytest.mark.parametrize("platform", ["lambda", "sagemaker"])
def test_amazon_s_schemas_take_the_templates(folders: dict[str, Path], platform: str) -> None:
    packages = target_packages.folder("cfn-lint-1.58.0", "cfn-lint==1.58.0")
    ran = subprocess.run(
        [
            sys.executable,
            packages / "bin" / "cfn-lint",
            "--regions",
            "eu-west-1",
            "--format",
            "parseable",
            "--",
            "template.yaml",
        ],
        cwd=folders[platform],
        env={**os.environ, "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_azure_s_own_package_takes_the_files(folders: dict[str, Path]) -> None:
    packages = target_packages.folder("azure-ai-ml-1.35.2", "azure-ai-ml==1.35.2")
    code = (
        "from azure.ai.ml import load_online_deployment, load_online_endpoint\n"
        "print(load_online_endpoint('endpoint.yml').name, load_online_deployment('deployment.yml').endpoint_name)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folders["azureml"],
        env={**os.environ, "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "penguins penguins\n"), ran.stderr


def test_cloud_run_gets_a_service_that_waits_for_the_model(folders: dict[str, Path]) -> None:
    service: dict[str, Any] = yaml.safe_load((folders["cloud-run"] / "service.yaml").read_text())
    assert (service["apiVersion"], service["kind"]) == ("serving.knative.dev/v1", "Service")
    assert service["metadata"]["name"] == "penguins"
    (made,) = service["spec"]["template"]["spec"]["containers"]
    assert made["startupProbe"]["httpGet"]["path"] == "/readyz"
    assert made["ports"] == [{"containerPort": 8080}]


def test_a_container_serves_at_the_platform_s_port(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    model = tmp_path / "1" / "any.zip"
    model.write_bytes((samples / "penguins.mojo").read_bytes())
    (tmp_path / "1" / "notes.txt").write_text("no model")
    served = ["dai-score", "serve", str(model), "--host", "0.0.0.0", "--port"]
    environment = {"MODEL": str(tmp_path)}
    assert container.command(["serve"], environment) == [*served, "8080"]
    assert container.command([], {**environment, "PORT": "9000"}) == [*served, "9000"]
    assert container.command(["--queue", "9"], {**environment, "AIP_HTTP_PORT": "7"}) == [*served, "7", "--queue", "9"]


def test_a_folder_with_files_is_left_alone(samples: Path, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused = package("lambda", samples / "penguins.mojo", tmp_path, wheel)
    assert refused.returncode == 2
    assert "is not empty" in json.loads(refused.stdout)["error"]["message"]
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]
    for _ in range(2):
        assert package("lambda", samples / "penguins.mojo", tmp_path, wheel, "--overwrite").returncode == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert [one.name for one in (tmp_path / "wheel").iterdir()] == [wheel.name]
    own = package("lambda", tmp_path / "model" / "penguins.mojo", tmp_path, wheel, "--overwrite")
    assert own.returncode == 2
    assert "is in the folder that is written" in json.loads(own.stdout)["error"]["message"]
    assert (tmp_path / "model" / "penguins.mojo").is_file()


def test_models_that_cannot_be_packaged(pipeline: Path, wheel: Path, tmp_path: Path) -> None:
    for model, code, says in (
        (tmp_path / "absent.mojo", 5, "there is no model file"),
        (ROOT / "README.md", 7, "is not a MOJO"),
        (pipeline, 2, "is a Python scoring pipeline"),
    ):
        refused = package("lambda", model, tmp_path / "made", wheel)
        assert (refused.returncode, says in json.loads(refused.stdout)["error"]["message"]) == (code, True)
    assert not (tmp_path / "made").exists()


def test_a_driverless_ai_mojo_brings_its_runtime(
    titanic: Path, wheel: Path, tmp_path: Path, jar_folders: tuple[Path, Path]
) -> None:
    named = ("--mojo-runtime", str(jar_folders[1] / "mojo2"))
    assert package("sagemaker", titanic, tmp_path / "one", wheel, *named).returncode == 0
    assert any(one.name.startswith("mojo2-runtime-impl") for one in (tmp_path / "one" / "jars").iterdir())
    assert "LicenceKey=$DRIVERLESS_AI_LICENSE_KEY" in (tmp_path / "one" / "README.md").read_text()
    (tmp_path / "none").mkdir()
    refused = package("lambda", titanic, tmp_path / "two", wheel, "--mojo-runtime", str(tmp_path / "none"))
    assert refused.returncode == 7
    assert "no mojo2-runtime jar" in json.loads(refused.stdout)["error"]["message"]


def test_an_installed_package_is_packed_again_as_it_was(wheel: Path, tmp_path: Path) -> None:
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
        "--target",
    ]
    subprocess.run([*install, tmp_path / "first", wheel], check=True)
    write = "import sys, pathlib; from dai_routes.platforms.packages import own_wheel as own; "
    code = f"{write}print(own.__file__, own.write(pathlib.Path({str(tmp_path)!r})))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "first")}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    where, made = ran.stdout.split()
    assert Path(where).is_relative_to(tmp_path / "first")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(made) as other:
        assert {name: one.getinfo(name).CRC for name in one.namelist() if "RECORD" not in name} == {
            name: other.getinfo(name).CRC for name in other.namelist() if "RECORD" not in name
        }
    subprocess.run([*install, tmp_path / "second", made], check=True)
    assert (tmp_path / "second" / "bin" / "dai-score").is_file()
