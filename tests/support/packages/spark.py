"""A Spark of the tests' own: the package, and a Java that it runs on, for processes that use it."""

from __future__ import annotations

import os
import sys

import pytest

from dai_scoring.provision import java
from tests.support.packages import pandas_packages, target_packages

VERSION = "4.1.4"


def environment() -> dict[str, str]:
    """The environment for a process in which ``import pyspark`` works; skips where there is no Java for it."""
    home = java.find_java(minimum=17)
    found = java.look(home / "bin" / "java")
    if found is None or found.version > 21:
        pytest.skip(
            "Spark 4 needs a Java 17 or 21 as JAVA_HOME or first on PATH: apt-get install openjdk-17-jre-headless"
        )
    packages = target_packages.folder(f"pyspark-{VERSION}", "--no-deps", f"pyspark=={VERSION}", "py4j==0.10.9.9")
    path = os.pathsep.join(map(str, [packages, pandas_packages.folder()]))
    return {
        **os.environ,
        "PYTHONPATH": path,
        "PYSPARK_PYTHON": sys.executable,
        "JAVA_HOME": str(home),
        # Compiled quickly rather than well: most of these processes end before that pays.
        "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
