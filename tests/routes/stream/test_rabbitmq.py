"""``dai-score stream rabbitmq`` with a real server."""

from __future__ import annotations

import json
import signal
import struct
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.brokers.rabbitmq_server import RabbitServer, rabbitmq_server
from tests.support.brokers.records import is_golden, message, mixed
from tests.support.brokers.worker import run, working
from tests.support.server.certificates import Authority
from tests.support.waiting import PATIENCE, until

pytestmark = pytest.mark.runtime


@dataclass(frozen=True)
class Queues:
    server: RabbitServer
    channel: Any
    name: str

    @property
    def environment(self) -> dict[str, str]:
        return {"DAI_RABBITMQ_URL": self.server.url}

    @property
    def arguments(self) -> list[str]:
        places = ["--input", self.name, "--output", f"{self.name}-scored", "--rejected", f"{self.name}-rejected"]
        return ["rabbitmq", *places, "--accept-h2o-licence"]

    def send(self, values: Sequence[bytes], **more: Any) -> None:
        import pika

        for number, value in enumerate(values):
            properties = pika.BasicProperties(message_id=f"m{number}", delivery_mode=2, **more)
            self.channel.basic_publish("", self.name, value, properties)
        self.count("")  # an answer: the server has read all of them

    def count(self, end: str) -> int:
        return int(self.channel.queue_declare(f"{self.name}{end}", passive=True).method.message_count)

    def read(self, end: str) -> list[tuple[Any, bytes]]:
        found = []
        while True:
            method, properties, body = self.channel.basic_get(f"{self.name}-{end}", auto_ack=True)
            if method is None:
                return found
            found.append((properties, body))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    with rabbitmq_server(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


@pytest.fixture
def queues(server: RabbitServer) -> Iterator[Queues]:
    connection = server.connection()
    from pika.exceptions import AMQPError

    queues = Queues(server, connection.channel(), uuid.uuid4().hex[:8])
    for end in ("", "-scored", "-rejected"):
        queues.channel.queue_declare(queues.name + end, durable=True, arguments={"x-queue-type": "quorum"})
    yield queues
    with suppress(AMQPError):  # a test has restarted the server
        connection.close()


def drained(model: Path, queues: Queues, *more: object) -> str:
    done = run(*queues.arguments, "--model", model, "--drain", *more, environment=queues.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_messages_are_scored_in_order_and_bad_ones_say_why(titanic: Path, queues: Queues) -> None:
    queues.send([*mixed(500), b"", b"no JSON"], headers={"trace": "t1"}, correlation_id="c", reply_to="r")
    assert "495 messages scored, 7 rejected" in drained(titanic, queues)
    scored = queues.read("scored")
    good = [at for at in range(500) if at % 100 != 50]
    assert [json.loads(body)["id"] for _, body in scored] == good
    assert all(is_golden(body) for _, body in scored)
    assert [one.message_id for one, _ in scored] == [f"m{at}" for at in good]
    headers = dict(scored[0][0].headers)
    assert (headers["trace"], headers["dai-source-id"]) == ("t1", "m0")
    assert (scored[0][0].correlation_id, scored[0][0].reply_to) == ("c", "r")
    rejected = queues.read("rejected")
    assert json.loads(rejected[0][1]) == {
        "code": "not_a_number",
        "column": "age",
        "value": "old",
        "reason": None,
        "queue": queues.name,
        "message_id": "m50",
        "message": message(50, age="old").decode(),
    }
    assert rejected[0][0].headers["dai-reject-code"] == "not_a_number"
    assert [json.loads(body)["code"] for _, body in rejected[5:]] == ["no_record", "malformed_row"]
    assert queues.count("") == 0


def test_workers_are_killed(titanic: Path, queues: Queues, tmp_path: Path) -> None:
    count = 2000
    queues.send(mixed(count))
    for number in range(3):
        words = [*queues.arguments, "--model", titanic, "--max-batch", 20]
        with working(tmp_path, *words, environment=queues.environment) as worker:
            until(lambda wanted=number * 400 + 100: queues.count("-scored") > wanted)
            worker.end(signal.SIGKILL)
    drained(titanic, queues)
    scored, rejected = queues.read("scored"), queues.read("rejected")
    assert {json.loads(body)["id"] for _, body in scored} == {at for at in range(count) if at % 100 != 50}
    assert {one.message_id for one, _ in [*scored, *rejected]} == {f"m{at}" for at in range(count)}
    assert queues.count("") == 0


def test_a_message_that_ends_workers_is_rejected_unscored(titanic: Path, queues: Queues) -> None:
    queues.send([message(1), message(2), message(3)])
    until(lambda: queues.count("") == 3)
    for _ in range(5):
        tags = [queues.channel.basic_get(queues.name)[0].delivery_tag for _ in range(3)]
        queues.channel.basic_nack(tags[-1], multiple=True, requeue=True)
    drained(titanic, queues)
    assert [json.loads(body)["id"] for _, body in queues.read("scored")] == [2, 3]
    assert [json.loads(body)["code"] for _, body in queues.read("rejected")] == ["delivered_too_often"]


def test_a_score_goes_to_no_queue_that_its_message_names(titanic: Path, queues: Queues) -> None:
    # RabbitMQ sends a message to the queues in CC too: a score would come back, and be rejected, for ever.
    queues.send([message(1), message(2, age="old")], headers={"CC": [queues.name], "trace": "t1"})
    assert "1 messages scored, 1 rejected" in drained(titanic, queues)
    assert (queues.count(""), queues.count("-rejected")) == (0, 1)
    ((properties, _),) = queues.read("scored")
    assert properties.headers.keys() - {"x-delivery-count"} == {"trace", "dai-source-id"}


@pytest.mark.parametrize("count", ["abc", 100])
def test_only_the_broker_counts_deliveries(titanic: Path, queues: Queues, count: Any) -> None:
    queues.send([message(1), message(2)], headers={"x-delivery-count": count})
    assert "2 messages scored, 0 rejected" in drained(titanic, queues)


def test_values_of_headers_are_kept(titanic: Path, queues: Queues) -> None:
    # Here too pika would neither send nor read them. A time is in seconds; some clients write milliseconds.
    from dai_routes.stream.brokers.rabbitmq_headers import AsItCame

    given = {
        "rate": AsItCame(b"d" + struct.pack(">d", 0.95)),
        "part": AsItCame(b"f" + struct.pack(">f", 0.5)),
        "at": AsItCame(b"T" + struct.pack(">Q", 1_700_000_000_000)),
        "hops": 3,
    }
    queues.send([message(1), message(2, age="old")], headers={**given, "all": [given]})
    assert "1 messages scored, 1 rejected" in drained(titanic, queues)
    for end in ("scored", "rejected"):
        ((properties, _),) = queues.read(end)
        assert {name: properties.headers[name] for name in given} == given
        assert properties.headers["all"] == [given]


def test_an_id_that_is_no_text_stops_nothing(titanic: Path, queues: Queues) -> None:
    import pika

    for value in (message(1), message(2, age="old")):
        queues.channel.basic_publish("", queues.name, value, pika.BasicProperties(message_id=b"\xff\x01"))
    until(lambda: queues.count("") == 2)
    assert "1 messages scored, 1 rejected" in drained(titanic, queues)
    ((properties, body),) = queues.read("rejected")
    assert json.loads(body)["message_id"] == "\\xff\x01"
    assert properties.message_id == b"\xff\x01"


def test_an_output_that_is_deleted_loses_nothing(titanic: Path, queues: Queues, tmp_path: Path) -> None:
    words = [*queues.arguments, "--model", titanic]
    with working(tmp_path, *words, environment=queues.environment) as worker:
        queues.channel.queue_delete(f"{queues.name}-scored")
        queues.send([message(1)])
        assert worker.ended() == 1
    assert "Error: RabbitMQ has no queue" in worker.log.read_text()
    until(lambda: queues.count("") == 1)


def test_a_queue_that_is_not_there(titanic: Path, queues: Queues) -> None:
    done = run(*queues.arguments, "--output", "nowhere", "--model", titanic, environment=queues.environment)
    said = "no queue 'nowhere' in vhost '/'. Declare the queue, or check --input, --output and --rejected."
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_an_input_that_is_deleted_ends_the_worker(titanic: Path, queues: Queues, tmp_path: Path) -> None:
    with working(tmp_path, *queues.arguments, "--model", titanic, environment=queues.environment) as worker:
        queues.channel.queue_delete(queues.name)
        assert worker.ended() == 1
    assert f"Error: RabbitMQ has no queue {queues.name} any more" in worker.log.read_text()


def test_a_full_output_loses_nothing(titanic: Path, queues: Queues, tmp_path: Path) -> None:
    queues.channel.queue_delete(f"{queues.name}-scored")
    few = {"x-max-length": 5, "x-overflow": "reject-publish"}
    queues.channel.queue_declare(f"{queues.name}-scored", durable=True, arguments=few)
    queues.send([message(at) for at in range(30)])
    words = [*queues.arguments, "--model", titanic]
    with working(tmp_path, *words, "--broker-timeout", 2, environment=queues.environment) as worker:
        assert worker.ended() == 1
    assert f"Error: RabbitMQ takes no messages for {queues.name}-scored: is it full?" in worker.log.read_text()
    until(lambda: queues.count("") == 30)
    # It goes on as soon as somebody reads.
    with working(tmp_path, *words, environment=queues.environment) as worker:
        found: set[int] = set()
        until(lambda: found.update(json.loads(body)["id"] for _, body in queues.read("scored")) or len(found) == 30)
        until(lambda: queues.count("") == 0)
        assert worker.end() == 0
    assert queues.count("-rejected") == 0


def test_the_server_restarts(titanic: Path, queues: Queues, tmp_path: Path) -> None:
    queues.send(mixed(1000))
    words = [*queues.arguments, "--model", titanic, "--broker-timeout", PATIENCE]
    with working(tmp_path, *words, environment=queues.environment) as worker:
        until(lambda: queues.count("-scored") > 100)
        queues.server.end()
        queues.server.start()
        connection = queues.server.connection()
        again = Queues(queues.server, connection.channel(), queues.name)
        until(lambda: again.count("-scored") + again.count("-rejected") >= 1000)
        assert worker.end() == 0
    assert {json.loads(body)["id"] for _, body in again.read("scored")} == {at for at in range(1000) if at % 100 != 50}
    connection.close()


def test_a_signal_ends_the_wait_for_a_server_that_has_gone(titanic: Path, queues: Queues, tmp_path: Path) -> None:
    try:
        with working(tmp_path, *queues.arguments, "--model", titanic, environment=queues.environment) as worker:
            queues.server.end()
            assert worker.end_while_it_connects(urlsplit(queues.server.url).port or 0) == 143
    finally:
        queues.server.start()


def test_tls(titanic: Path, queues: Queues, tmp_path: Path) -> None:
    queues.send([message(1)])
    words = [*queues.arguments, "--model", titanic, "--drain"]
    secured = {"DAI_RABBITMQ_URL": queues.server.secured}
    other = str(Authority(tmp_path).certificate)
    done = run(*words, environment={**secured, "DAI_RABBITMQ_CA_FILE": other})
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1), done.stderr
    assert "The certificate of RabbitMQ at amqps://" in done.stderr
    assert "DAI_RABBITMQ_CA_FILE" in done.stderr
    done = run(*words, environment={**secured, "DAI_RABBITMQ_CA_FILE": str(tmp_path / "nowhere.pem")})
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    done = run(*words, environment={**secured, "DAI_RABBITMQ_CA_FILE": str(queues.server.authority)})
    assert done.returncode == 0, done.stderr
    assert [json.loads(body)["id"] for _, body in queues.read("scored")] == [1]
    for swapped, said in (
        (queues.server.secured.replace("amqps", "amqp"), "speaks TLS: write its address with amqps://"),
        (queues.server.url.replace("amqp", "amqps", 1), "does not speak TLS"),
    ):
        done = run(*words, environment={"DAI_RABBITMQ_URL": swapped})
        assert (done.returncode, len(done.stderr.splitlines())) == (4, 1), done.stderr
        assert said in done.stderr


def test_what_the_server_refuses(titanic: Path, queues: Queues) -> None:
    words = ["rabbitmq", "--input", "nowhere", "--output", "b", "--model", titanic, "--accept-h2o-licence"]
    done = run(*words, environment=queues.environment)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert "no queue 'nowhere'" in done.stderr
    done = run(*words, environment={"DAI_RABBITMQ_URL": "amqp://guest:a/secret@127.0.0.1/"})
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "write %2F for /" in done.stderr
    assert "secret" not in done.stderr
    wrong = queues.server.url.replace("guest:guest", "guest:wrong")
    done = run(*words, environment={"DAI_RABBITMQ_URL": wrong})
    assert done.returncode == 4, done.stderr
    assert "wrong" not in done.stderr
