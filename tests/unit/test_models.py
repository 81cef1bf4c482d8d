"""What open_model() is told besides a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from dai_scoring.errors import OptionError, UnsupportedError
from dai_scoring.models import Runtime, open_model


def test_a_runtime_is_named_by_its_word_or_as_one_of_the_enumeration(samples: Path) -> None:
    for runtime in ("cpp", Runtime.CPP):
        with pytest.raises(UnsupportedError, match="which the C\\+\\+ runtime does not load"):
            open_model(samples / "penguins.mojo", runtime)


def test_a_word_that_names_no_runtime_is_refused_with_those_that_there_are(samples: Path) -> None:
    with pytest.raises(OptionError, match="no runtime 'jvm'; there are: auto, java, cpp, python"):
        open_model(samples / "penguins.mojo", "jvm")
