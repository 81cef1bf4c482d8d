"""``dai-score stream``: options that do not fit, found before a broker is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.brokers.worker import run

pytestmark = pytest.mark.runtime

NOBODY = "127.0.0.1:1"


def refused(model: Path, *arguments: object) -> tuple[int, str]:
    words = ["--model", model, "--accept-h2o-licence", "--input", "a", "--output", "b", "--broker-timeout", 1]
    done = run(*arguments, *words)
    return done.returncode, done.stderr.splitlines()[-1]


def test_columns_of_csv_without_those_of_the_model(titanic: Path) -> None:
    csv = ("kafka", "--servers", NOBODY, "--format", "csv", "--csv-columns")
    code, said = refused(titanic, *csv, "pclass,sex,age,ticket,fare,id")
    assert (code, "--csv-columns lacks cabin, so every message would be rejected" in said) == (2, True), said
    code, said = refused(titanic, *csv, "pclass,sex", "--missing-columns", "as-missing")
    assert (code, "No broker" in said) == (4, True), said
    ids = ("--output-columns", "ids", "--id-columns", "id,number")
    code, said = refused(titanic, *csv, "pclass,sex,id", "--missing-columns", "as-missing", *ids)
    assert (code, "lacks number, so" in said) == (2, True), said


@pytest.mark.parametrize("names", [("--input", "/queue/a"), ("--output", "/topic/b"), ("--rejected", "/queue/c")])
def test_destinations_of_stomp_are_names(titanic: Path, names: tuple[str, str]) -> None:
    done = run("activemq", "--url", "stomp://127.0.0.1:1", "-m", titanic, "--input", "a", "--output", "b", *names)
    assert (done.returncode, "leave out /queue/" in done.stderr) == (2, True), done.stderr


def test_errors_advise_the_options_of_a_command_within_a_command(titanic: Path, tmp_path: Path) -> None:
    done = run(
        *("kafka", "--servers", NOBODY, "-m", titanic, "--input", "a", "--output", "b"),
        environment={"DAI_SCORING_CACHE": str(tmp_path)},
    )
    assert (done.returncode, "Accept that with --accept-h2o-licence." in done.stderr) == (7, True), done.stderr


@pytest.fixture
def other_port() -> Iterator[int]:
    """A port where a server of HTTP listens, as that of a broker's pages does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("broker", "scheme", "port"),
    [("rabbitmq", "amqp", "AMQP (5672, with TLS 5671)"), ("activemq", "stomp", "STOMP (61613)")],
)
def test_another_port_of_the_broker(titanic: Path, other_port: int, broker: str, scheme: str, port: str) -> None:
    code, said = refused(titanic, broker, "--url", f"{scheme}://127.0.0.1:{other_port}")
    assert (code, f"Something takes connections there: is it the port of {port}?" in said) == (4, True), said
