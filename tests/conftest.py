"""What tests of all kinds share: where the models are, and the runtimes' jars."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dai_scoring_nifi  # noqa: F401 - what errors say on the canvas
from dai_scoring.models import Runtime, open_model
from dai_scoring.scorer import PipelineSettings, RuntimeSettings, Scorer
from tests.support.pipeline import build
from tests.support.project import ROOT


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Split ``make test`` between processes, by folders.

    The tests of a folder run one after the other in one process: they share what takes long to start, such as a NiFi.
    A process that is free takes the next folder. Those with a NiFi, which take longest, come first. Unit tests share
    nothing, so they are split by files.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Folders(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file.startswith("tests/unit/") else "/".join(file.split("/")[1:3])

    # Else the folders with most tests come first, which are the fastest.
    config.option.loadscopereorder = False
    return Folders(config, log)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the project's own sample model."""
    return ROOT / "models"


def _shared_model(name: str) -> Path:
    folder = Path(os.environ.get("DAI_MODELS", ROOT.parent / "shared" / "models"))
    if not (folder / name).is_file():
        pytest.skip(f"the model {name} is not in {folder}; DAI_MODELS can name another folder")
    return folder / name


@pytest.fixture(scope="session")
def titanic() -> Path:
    """A Driverless AI MOJO that H2O signed for use without a licence."""
    return _shared_model("titanic-pipeline.mojo")


@pytest.fixture(scope="session")
def needs_licence() -> Path:
    """A Driverless AI MOJO that no runtime loads without a licence."""
    if "DRIVERLESS_AI_LICENSE_KEY" in os.environ or "DRIVERLESS_AI_LICENSE_FILE" in os.environ:
        pytest.skip("a Driverless AI licence is in the environment, so nothing is refused")
    return _shared_model("needs-licence-pipeline.mojo")


@pytest.fixture(scope="session")
def licensed_model() -> Path:
    """The same model, where a licence is at hand to load it."""
    if not {"DRIVERLESS_AI_LICENSE_KEY", "DRIVERLESS_AI_LICENSE_FILE"} & os.environ.keys():
        pytest.skip("this needs a Driverless AI licence: set DRIVERLESS_AI_LICENSE_KEY or DRIVERLESS_AI_LICENSE_FILE")
    return _shared_model("needs-licence-pipeline.mojo")


@pytest.fixture(scope="session")
def settings() -> RuntimeSettings:
    """The library finds Java and jars by itself. Whoever runs the tests accepts H2O's licence for its MOJO runtime."""
    return RuntimeSettings(accept_h2o_licence=True)


@pytest.fixture(scope="session")
def jar_folders() -> tuple[Path, Path]:
    """The folders with the jars of h2o-genmodel and of H2O's MOJO runtime."""
    from dai_scoring.provision import jars

    return jars.open_jars(), jars.mojo_runtime()


@pytest.fixture(scope="session")
def titanic_scorer(titanic: Path, settings: RuntimeSettings) -> Scorer:
    return open_model(titanic, settings=settings)


@pytest.fixture(scope="session")
def pd() -> Any:
    """The module pandas."""
    from tests.support.packages import pandas_packages

    # At the end: what is installed here comes first.
    sys.path.append(str(pandas_packages.folder()))
    return importlib.import_module("pandas")


@pytest.fixture(scope="session")
def cpp_runtime() -> None:
    """H2O's C++ runtime on the module path, under its own licence: whoever runs these tests accepts it."""
    if os.environ.get("DAI_WITHOUT_DAIMOJO"):
        pytest.skip("H2O's licence for daimojo is not accepted: DAI_WITHOUT_DAIMOJO is set")
    if importlib.util.find_spec("daimojo") is not None:
        return
    here = f"{sys.platform} on {platform.machine()} with Python {platform.python_version()}"
    if sys.platform != "linux" or platform.machine() != "x86_64" or not (3, 10) <= sys.version_info[:2] <= (3, 12):
        pytest.skip(f"daimojo exists for Linux on x86_64 with Python 3.10 to 3.12; this is {here}")
    from dai_nifi.archives import dependencies

    folder = dependencies.packages(("cpp",), dependencies.running_python(), lambda what, share=None: None)
    # At the end: what is installed here comes first.
    sys.path.append(str(folder))


@pytest.fixture(scope="session")
def titanic_cpp_scorer(titanic: Path, cpp_runtime: None) -> Scorer:
    return open_model(titanic, Runtime.CPP)


@pytest.fixture(scope="session")
def pipeline(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scorer.zip as Driverless AI exports it, around a model that needs no licence."""
    return build.scorer_zip(samples, tmp_path_factory.mktemp("pipeline") / "scorer.zip")


@pytest.fixture(scope="session")
def pipeline_settings() -> PipelineSettings:
    """Runs pipelines on this Python; their environments are kept where users' are, as pip takes a while for them."""
    return PipelineSettings(python_command=sys.executable)


@pytest.fixture(scope="session")
def pipeline_scorer(pipeline: Path, pipeline_settings: PipelineSettings) -> Iterator[Scorer]:
    with open_model(pipeline, settings=RuntimeSettings(pipeline=pipeline_settings)) as scorer:
        yield scorer


@pytest.fixture(scope="session")
def penguins_scorer(samples: Path, settings: RuntimeSettings) -> Scorer:
    return open_model(samples / "penguins.mojo", settings=settings)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[None]:
    """For modules with a NiFi of their own: nipyapi points where it did when they end."""
    import nipyapi

    config = nipyapi.config.nifi_config
    kept = {name: getattr(config, name) for name in ("host", "verify_ssl", "ssl_ca_cert", "cert_file", "key_file")}
    yield
    config.api_client = None
    for name, value in kept.items():
        setattr(config, name, value)
