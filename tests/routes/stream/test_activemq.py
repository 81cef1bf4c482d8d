"""``dai-score stream activemq`` with a real broker."""

from __future__ import annotations

import json
import queue
import signal
import socket
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.brokers.activemq import ActiveMQ, activemq, artemis
from tests.support.brokers.records import is_golden, message, mixed
from tests.support.brokers.worker import run, working
from tests.support.waiting import PATIENCE, until

pytestmark = pytest.mark.runtime


@dataclass(frozen=True)
class Queues:
    broker: ActiveMQ
    name: str

    @property
    def arguments(self) -> list[str]:
        places = ["--input", self.name, "--output", f"{self.name}-scored", "--rejected", f"{self.name}-rejected"]
        return ["activemq", "--url", self.broker.url, *places, "--accept-h2o-licence"]

    @contextmanager
    def connection(self) -> Iterator[tuple[Any, queue.SimpleQueue[Any]]]:
        """A connection, and the frames that arrive at it."""
        import stomp

        arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()

        class Listener(stomp.ConnectionListener):  # type: ignore[misc]
            def on_message(self, frame: Any) -> None:
                arrived.put(frame)

        connection = stomp.Connection12([("127.0.0.1", self.broker.port)], auto_content_length=False)
        connection.set_listener("", Listener())
        connection.connect(wait=True)
        yield connection, arrived
        if connection.is_connected():
            connection.disconnect()

    def send(self, values: Sequence[bytes], **headers: str) -> None:
        with self.connection() as (connection, _):
            connection.begin("all")
            for value in values:
                connection.send(
                    f"/queue/{self.name}", value, headers={**headers, "persistent": "true"}, transaction="all"
                )
            connection.commit("all")
            connection.disconnect()  # waits until all before it was done

    def read(self, end: str, count: int) -> list[Any]:
        """The messages of a queue, which loses them: so many, if they come at all, and those that follow at once."""
        found: list[Any] = []
        with self.connection() as (connection, arrived):
            connection.subscribe(f"/queue/{self.name}{end}", "1", "auto")
            try:
                while True:
                    found.append(arrived.get(timeout=PATIENCE if len(found) < count else 1))
            except queue.Empty:
                return found


@pytest.fixture(scope="module", params=[activemq, artemis], ids=["activemq", "artemis"])
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActiveMQ]:
    with request.param(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def queues(broker: ActiveMQ) -> Queues:
    return Queues(broker, uuid.uuid4().hex[:8])


def drained(model: Path, queues: Queues, *more: object) -> str:
    done = run(*queues.arguments, "--model", model, "--drain", *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ids(frames: Sequence[Any]) -> list[int]:
    return [json.loads(one.body)["id"] for one in frames]


def test_messages_are_scored_in_order_and_bad_ones_say_why(titanic: Path, queues: Queues) -> None:
    queues.send([*mixed(500), b"", b"no JSON"], trace="t1")
    assert "495 messages scored, 7 rejected" in drained(titanic, queues)
    scored = queues.read("-scored", 495)
    assert ids(scored) == [at for at in range(500) if at % 100 != 50]
    assert all(is_golden(one.body.encode()) for one in scored)
    first = scored[0].headers
    assert (first["trace"], first["dai-source-id"]) == ("t1", first["correlation-id"])
    assert len({one.headers["dai-source-id"] for one in scored}) == 495
    rejected = queues.read("-rejected", 7)
    reason = json.loads(rejected[0].body)
    assert reason.pop("message_id") == rejected[0].headers["dai-source-id"]
    assert reason == {
        "code": "not_a_number",
        "column": "age",
        "value": "old",
        "reason": None,
        "queue": queues.name,
        "message": message(50, age="old").decode(),
    }
    assert rejected[0].headers["dai-reject-code"] == "not_a_number"
    assert [json.loads(one.body)["code"] for one in rejected[5:]] == ["no_record", "malformed_row"]
    assert queues.read("", 0) == []


def test_names_of_headers_are_kept(titanic: Path, queues: Queues) -> None:
    # As those of CloudEvents, which come through AMQP; in STOMP a colon ends the name.
    queues.send([message(1)], **{r"cloudEvents\cid": "a:1", r"cloudEvents\ctype": "b"})
    drained(titanic, queues)
    (scored,) = queues.read("-scored", 1)
    assert (scored.headers["cloudEvents:id"], scored.headers["cloudEvents:type"]) == ("a:1", "b")


def test_workers_and_the_broker_are_killed(titanic: Path, queues: Queues, tmp_path: Path) -> None:
    count = 3000
    messages = mixed(count)
    words = [*queues.arguments, "--model", titanic, "--max-batch", 20, "--broker-timeout", PATIENCE]
    for number in range(3):
        # As many as it waits for, and more: however late a worker is killed, the next one has some left.
        queues.send(messages[number * 1000 : (number + 1) * 1000 - 400])
        with working(tmp_path, *words, "--metrics-port", 0) as worker:
            until(lambda of=worker: of.scored() > 200)
            if number == 1:
                queues.broker.end()
                queues.broker.start()
            before = worker.scored()
            queues.send(messages[(number + 1) * 1000 - 400 : (number + 1) * 1000])
            until(lambda of=worker, wanted=before + 200: of.scored() > wanted)
            worker.end(signal.SIGKILL)
    drained(titanic, queues)
    # First, to know of a message that is missing below that it is nowhere.
    assert ids(queues.read("", 0)) == []
    scored, rejected = queues.read("-scored", count - count // 100), queues.read("-rejected", count // 100)
    missing = {at for at in range(count) if at % 100 != 50} - set(ids(scored))
    assert (missing, len(rejected)) == (set(), count // 100)
    sources = [one.headers["dai-source-id"] for one in [*scored, *rejected]]
    assert (len(sources), len(set(sources))) == (count, count)


def test_a_signal_ends_the_wait_for_a_broker_that_has_gone(titanic: Path, queues: Queues, tmp_path: Path) -> None:
    with working(tmp_path, *queues.arguments, "--model", titanic) as worker:
        queues.broker.end()
        assert worker.end_while_it_connects(queues.broker.port) == 143
    queues.broker.start()


def test_an_address_with_tls_for_a_broker_without(titanic: Path, queues: Queues) -> None:
    words = [one.replace("stomp:", "stomp+ssl:") for one in queues.arguments]
    done = run(*words, "--model", titanic, "--broker-timeout", 5)
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1), done.stderr
    assert "if it speaks no TLS, write its address with stomp://" in done.stderr


@pytest.mark.parametrize("listens", [False, True])
def test_no_broker(titanic: Path, listens: bool) -> None:
    words = ["--input", "a", "--output", "b", "--model", titanic, "--accept-h2o-licence", "--broker-timeout", 1]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if listens else 1
        done = run("activemq", "--url", f"stomp://127.0.0.1:{port}", *words)
    hint = " Something takes connections there: is it the port of STOMP (61613)?" if listens else ""
    assert (done.returncode, done.stderr) == (4, f"Error: No ActiveMQ answers at stomp://127.0.0.1:{port}.{hint}\n")
