"""A Spark of the tests' own: the package, a Java that it runs on, and a cluster on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dai_scoring.provision import jars, java
from tests.support.packages import pandas_packages, target_packages
from tests.support.ports import free_port
from tests.support.project import ROOT
from tests.support.waiting import until

_HERE = Path(__file__).parent
_CONNECT = (
    *("grpcio==1.76.0", "grpcio-status==1.76.0", "googleapis-common-protos==1.76.0", "protobuf==6.33.6"),
    "zstandard==0.25.0",
)
_CONNECT_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"


@dataclass(frozen=True)
class Release:
    """A Spark, the Scala that it is built with, and the packages that its Python side needs."""

    version: str
    scala: str
    packages: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """The environment for a process in which ``import pyspark`` works; skips if it lacks a Python or Java."""
        if self.version < "4" and sys.version_info >= (3, 12):
            pytest.skip("Spark 3.5 does not run on Python 3.12 and newer: it imports distutils")
        home = java.find_java(minimum=17)
        found = java.look(home / "bin" / "java")
        if found is None or found.version > 21:
            pytest.skip(
                "Spark needs a Java 17 or 21 as JAVA_HOME or first on PATH: apt-get install openjdk-17-jre-headless"
            )
        packages = [self._folder()]
        if not any(one.startswith("pandas") for one in self.packages):
            packages.append(pandas_packages.folder())
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, packages)),
            "PYSPARK_PYTHON": sys.executable,
            "JAVA_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            # Most of these processes end before Java's second compiler pays.
            "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        }

    def connect_environment(self) -> dict[str, str]:
        """The same with the packages of Spark Connect's client."""
        found = self.environment()
        client = target_packages.folder("spark-connect-1.76.0", *_CONNECT)
        return {**found, "PYTHONPATH": os.pathsep.join([found["PYTHONPATH"], str(client), str(ROOT)])}

    def home(self) -> Path:
        """Spark's own folder."""
        return self._folder() / "pyspark"

    def _folder(self) -> Path:
        return target_packages.folder(f"pyspark-{self.version}", "--no-deps", *self.packages)

    def kafka_jars(self) -> str:
        """The connector for Kafka, as Spark's setting spark.jars takes it."""
        return self._jars("kafka")

    def delta_jars(self) -> str:
        """Delta Lake, as Spark's setting spark.jars takes it."""
        return self._jars("delta")

    def _jars(self, name: str) -> str:
        place = jars.built_once(
            f"spark-{name}", _HERE / f"spark_{name}", f"fetch Spark's jars for {name}", lambda what, share: None
        )
        return ",".join(map(str, sorted((place / self.version).glob("*.jar"))))


# The versions of which Maven has the connector for Kafka: it must be the same version as Spark.
SPARK_3 = Release(
    "3.5.1",
    "2.12",
    (
        *("pyspark==3.5.1", "py4j==0.10.9.7", "pyarrow==21.0.0", "numpy==1.26.4", "pandas==2.2.3"),
        *("python-dateutil==2.9.0.post0", "pytz==2025.2", "six==1.17.0", "tzdata==2025.2"),
    ),
)
SPARK_4 = Release("4.1.1", "2.13", ("pyspark==4.1.1", "py4j==0.10.9.9"))
RELEASES = {"3.5": SPARK_3, "4.1": SPARK_4}


@contextmanager
def cluster(variables: Mapping[str, str], release: Release, folder: Path) -> Iterator[str]:
    """A standalone master with two workers of one core each, ended by their process ids; gives the master's address."""
    home = release.home()
    environment = {
        **variables,
        "SPARK_HOME": str(home),
        "SPARK_SCALA_VERSION": release.scala,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    port, page = free_port(), free_port()
    command = [f"{variables['JAVA_HOME']}/bin/java", "-Xmx256m", "-Dspark.master.rest.enabled=false"]
    command += ["-cp", f"{home}/jars/*"]
    log = folder / "cluster.log"
    address = f"spark://127.0.0.1:{port}"
    where = ["--host", "127.0.0.1", "--webui-port"]
    worker = ["org.apache.spark.deploy.worker.Worker", *where, "0", "--cores", "1", "--memory", "1g"]
    processes = []
    with log.open("w") as output:

        def start(*words: str) -> None:
            processes.append(
                subprocess.Popen([*command, *words], env=environment, cwd=folder, stdout=output, stderr=output)
            )

        try:
            start("org.apache.spark.deploy.master.Master", *where, str(page), "--port", str(port))
            until(lambda: "New state: ALIVE" in log.read_text())
            for _ in range(2):
                start(*worker, "--work-dir", str(folder), address)
            until(lambda: log.read_text().count("Successfully registered with master") == 2)
            yield address
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


@contextmanager
def connect_server(variables: Mapping[str, str], release: Release, folder: Path) -> Iterator[str]:
    """A server of Spark Connect with a Spark of its own; gives the address for its clients."""
    port = free_port()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    # It becomes Java, with the same process id, and ends with it.
    command = [str(release.home() / "bin" / "spark-submit"), "--master", "local[2]", "--class", _CONNECT_SERVER]
    command += [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    environment = {**variables, "SPARK_HOME": str(release.home()), "SPARK_SCALA_VERSION": release.scala}
    log = folder / "connect.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "spark-internal"], env=environment, cwd=folder, stdout=output, stderr=output
        )
        try:
            until(lambda: _answers(port), 300)
            yield f"sc://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0
