"""What open_model() is told besides a path."""

from __future__ import annotations

from pathlib import Path

import pytest

import dai_scoring
from dai_scoring.errors import OptionError, UnsupportedError
from dai_scoring.models import Runtime, open_model


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
