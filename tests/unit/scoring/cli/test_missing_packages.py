"""What is said where a package is not installed: one sentence with what to install."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE

BLOCKED = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
ABSENT = sys.argv.pop(1).split(",")
sys.meta_path.insert(0, Absent())
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in ABSENT else find_spec(name, package)
"""


def run(absent: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCKED + code, absent, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("module", "absent", "package", "install"),
    [
        ("dai_nifi", "nipyapi", "nipyapi", "nifi-dai-scoring[tools]"),
        ("dai_nifi", "yaml", "yaml", "nifi-dai-scoring[tools]"),
        ("dai_nifi", "typer", "typer", "nifi-dai-scoring[tools]"),
        ("dai_scoring.cli", "typer", "typer", "nifi-dai-scoring"),
        ("dai_scoring.cli", "rich", "rich", "nifi-dai-scoring"),
    ],
)
def test_a_command_says_so_in_a_sentence(module: str, absent: str, package: str, install: str) -> None:
    code = f"from {module}.__main__ import main; main()"
    said = f"The Python package {package} is not installed: pip install '{install}'."
    done = run(absent, code, "inspect", "any.mojo")
    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"Error: {said}\n")
    done = run(absent, code, "inspect", "any.mojo", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]) == (3, {"code": "prerequisite", "message": said})


@pytest.mark.parametrize(
    ("broker", "package", "address"),
    [
        ("kafka", "confluent_kafka", ("--servers", "a:1")),
        ("redis", "redis", ("--url", "redis://a")),
        ("rabbitmq", "pika", ("--url", "amqp://a")),
        ("activemq", "stomp", ("--url", "stomp://a")),
    ],
)
def test_a_broker_whose_client_is_absent(broker: str, package: str, address: tuple[str, str]) -> None:
    code = "from dai_scoring.cli.__main__ import main; main()"
    clients = "confluent_kafka,redis,pika,stomp,celery"
    words = ["stream", broker, "--model", "any.mojo", "--input", "a", "--output", "b", *address]
    done = run(clients, code, *words)
    said = f"The Python package {package} is not installed: pip install 'nifi-dai-scoring[{broker}]'."
    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"Error: {said}\n")
    for shown in (["-h"], ["stream", "-h"], ["stream", broker, "-h"]):
        assert run(clients, code, *shown).returncode == 0


@pytest.mark.parametrize("statement", ["import dai_nifi.api", "from dai_nifi import deploy"])
@pytest.mark.parametrize(("absent", "package"), [("nipyapi", "nipyapi"), ("yaml", "pyyaml")])
def test_an_import_of_the_tool_says_so(statement: str, absent: str, package: str) -> None:
    done = run(absent, f"try: {statement}\nexcept ImportError as error: print(type(error).__name__, error)")
    assert done.stderr == ""
    said = f"The Python package {package} is not installed: pip install 'nifi-dai-scoring[tools]'.\n"
    assert done.stdout == f"MissingExtraError {said}"


def test_a_model_for_java_says_so_before_anything_is_fetched(samples: Path, tmp_path: Path) -> None:
    code = (
        "import os; os.environ['DAI_SCORING_CACHE'] = sys.argv[2]\n"
        "from dai_scoring.errors import PrerequisiteError\n"
        "from dai_scoring.models import open_model\n"
        "try: open_model(sys.argv[1])\n"
        "except PrerequisiteError as error: print(error)"
    )
    done = run("jpype", code, str(samples / "penguins.mojo"), str(tmp_path / "cache"))
    assert done.stdout == "The Python package jpype1 is not installed: pip install 'nifi-dai-scoring[java]'.\n"
    assert not (tmp_path / "cache").exists()


def test_a_module_of_our_own_that_is_missing_is_a_fault_of_ours() -> None:
    done = run("none", "from dai_scoring.cli.starting import start\nstart(lambda: __import__('dai_nifi.no_such'))")
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'dai_nifi.no_such'\n")
