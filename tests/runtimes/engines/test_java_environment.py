"""Options for Java in the environment, which are meant for NiFi or another program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE

# Each ends a Java that reads it.
OPTIONS = {
    "JAVA_TOOL_OPTIONS": "-javaagent:/there/is/none.jar",
    "_JAVA_OPTIONS": "-Xmx100000g",
    "JDK_JAVA_OPTIONS": "--no-such-option",
}
RUN = """
import os, sys
from dai_scoring.models import open_model
from dai_scoring.scorer import RuntimeSettings
settings = RuntimeSettings(jvm_options=tuple(sys.argv[3:]))
with open_model(sys.argv[1], settings=settings) as scorer:
    print(scorer.info.runtime_version, *(os.environ[name] for name in sys.argv[2].split()))
"""


@pytest.mark.parametrize("options", [(), ("-Xmx300m",)])
def test_options_of_the_environment_do_not_reach_the_java_that_scores(samples: Path, options: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", RUN, samples / "penguins.mojo", " ".join(OPTIONS), *options]
    done = subprocess.run(
        command, env={**os.environ, **OPTIONS}, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    # They are as before for what the program starts next.
    assert (done.returncode, done.stdout.split()) == (0, ["3.46.0.10", *OPTIONS.values()]), done.stderr
    assert "Picked up" not in done.stderr
