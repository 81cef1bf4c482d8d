"""A schema registry of the tests' own: Apicurio, from Maven, in memory, on loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.provision import jars, java
from tests.support.ports import free_port
from tests.support.waiting import until

_JAVA = 21


@dataclass(frozen=True)
class Registry:
    """A registry with the API of Confluent's at ``address``."""

    host: str

    @property
    def address(self) -> str:
        return f"{self.host}/apis/ccompat/v7"

    def register(self, subject: str, schema: Mapping[str, Any], references: Sequence[Mapping[str, Any]] = ()) -> int:
        """Register a schema; its id."""
        text = json.dumps({"schema": json.dumps(schema), "references": list(references)}).encode()
        request = urllib.request.Request(
            f"{self.address}/subjects/{subject}/versions",
            text,
            {"Content-Type": "application/vnd.schemaregistry.v1+json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(json.load(answer)["id"])


@contextmanager
def registry(folder: Path) -> Iterator[Registry]:
    """Run a registry that keeps nothing, and end it."""
    if shutil.which("mvn") is None:
        pytest.skip("The schema registry comes from Maven, which is not installed: apt-get install maven")
    here = Path(__file__).parent
    place = jars.built_once("test-registry", here, "fetch a schema registry", lambda what, share=None: None)
    ports = {"http": free_port(), "management": free_port()}
    words = [str(java.find_java(minimum=_JAVA) / "bin" / "java"), "-Xmx512m", "-XX:+UseSerialGC"]
    words += ["-XX:TieredStopAtLevel=1", "-Dquarkus.log.level=WARN"]
    for name, port in ports.items():
        words += [f"-Dquarkus.{name}.host=127.0.0.1", f"-Dquarkus.{name}.port={port}"]
    found = Registry(f"http://127.0.0.1:{ports['http']}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*words, "-jar", str(place / "quarkus-run.jar")], stdout=log, stderr=log, cwd=folder)

    def answers() -> bool:
        assert process.poll() is None, (folder / "log").read_text()[-2000:]
        with suppress(OSError), urllib.request.urlopen(f"{found.address}/subjects", timeout=5):
            return True
        return False

    try:
        until(answers, 300)
        yield found
    finally:
        process.kill()
        process.wait(30)
