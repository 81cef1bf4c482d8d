"""What open_model() is told besides a path."""

from __future__ import annotations

from pathlib import Path

import pytest

import dai_scoring
from dai_scoring.cli.commands.paths import check_file, check_model
from dai_scoring.cli.errors import NotFoundError
from dai_scoring.errors import ModelNotFoundError, OptionError, UnsupportedError
from dai_scoring.model_file import Kind, identify
from dai_scoring.models import Runtime, open_model
from dai_scoring.option_words import Audience
from dai_scoring.provision import model_store
from dai_scoring.runtimes.registry import ENGINES, engine_for


def test_a_runtime_is_named_by_its_word_or_as_one_of_the_enumeration(samples: Path) -> None:
    for runtime in ("cpp", Runtime.CPP):
        with pytest.raises(UnsupportedError, match="which the C\\+\\+ runtime does not load"):
            open_model(samples / "penguins.mojo", runtime)


def test_a_word_that_names_no_runtime_is_refused_with_those_that_there_are(samples: Path) -> None:
    with pytest.raises(OptionError, match="no runtime 'jvm'; there are: auto, java, cpp, python"):
        open_model(samples / "penguins.mojo", "jvm")


def test_the_package_itself_has_what_callers_start_with() -> None:
    assert all(callable(getattr(dai_scoring, name)) for name in dai_scoring.__all__)
    assert dai_scoring.open_model is open_model
    with pytest.raises(AttributeError, match="no attribute 'open_models'"):
        dai_scoring.open_models  # noqa: B018 - it is looked up


def test_every_kind_of_model_has_an_engine_and_every_runtime_a_kind() -> None:
    assert {kind for one in ENGINES for kind in one.kinds} == set(Kind)
    assert {one.runtime for one in ENGINES} == set(Runtime) - {Runtime.AUTO}
    assert engine_for(Path("x"), Kind.H2O3_MOJO, Runtime.AUTO).module == "h2o3.mojo"
    assert engine_for(Path("x"), Kind.DAI_MOJO, Runtime.AUTO).runtime is Runtime.JAVA
    assert engine_for(Path("x"), Kind.DAI_MOJO, Runtime.CPP).module == "cpp.workers"


def test_a_runtime_that_does_not_load_a_kind_says_which_does() -> None:
    with pytest.raises(UnsupportedError) as raised:
        engine_for(Path("a.mojo"), Kind.H2O3_MOJO, Runtime.CPP)
    assert raised.value.text_for(Audience.COMMAND_LINE) == (
        "a.mojo is of the kind H2O-3 MOJO, which the C++ runtime does not load. It loads Driverless AI MOJO and "
        "Driverless AI mojo.zip. Score it with --runtime java."
    )


@pytest.mark.parametrize("kind", [str, Path])
def test_an_address_that_is_no_object_store_is_told_what_models_are_read_from(kind: type) -> None:
    with pytest.raises(ModelNotFoundError, match=r"not read from http://x/y\. Give the path .* s3://BUCKET/KEY, gs://"):
        open_model(kind("http://x/y"))
    # Where models have to be files.
    with pytest.raises(ModelNotFoundError, match="s3://x/y is an address, and here the model has to be a file on this"):
        identify(Path("s3://x/y"))
    with pytest.raises(NotFoundError, match=r"--model: http://x/y is an address\. Give a file on this machine\."):
        check_file("--model", Path("http://x/y"))
    check_model("--model", Path("s3://x/y"))


def test_a_path_may_look_like_an_address(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("http:").mkdir()
    Path("http:/y").write_bytes((samples / "penguins.mojo").read_bytes())
    assert model_store.local_file("http://y") == Path("http:/y")
    assert identify(Path("http:/y")) is Kind.H2O3_MOJO
