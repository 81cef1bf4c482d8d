"""``dai-score stream redis`` with a real server."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.brokers.records import is_golden, message, mixed
from tests.support.brokers.redis_server import Redis, redis_server
from tests.support.brokers.worker import COMMAND, run, working
from tests.support.processes import hear_ctrl_c
from tests.support.server.certificates import Authority
from tests.support.waiting import PATIENCE, until

pytestmark = pytest.mark.runtime


@dataclass(frozen=True)
class Streams:
    redis: Redis
    name: str

    @property
    def arguments(self) -> list[str]:
        places = ["--input", self.name, "--output", f"{self.name}-scored", "--rejected", f"{self.name}-rejected"]
        return ["redis", "--url", self.redis.url, *places, "--accept-h2o-licence"]

    def send(self, values: Sequence[bytes], **fields: str) -> list[bytes]:
        pipeline = self.redis.client.pipeline(transaction=False)
        for value in values:
            pipeline.xadd(self.name, {**fields, "value": value})
        return list(pipeline.execute())

    def read(self, end: str) -> list[dict[bytes, bytes]]:
        return [fields for _, fields in self.redis.client.xrange(f"{self.name}-{end}")]

    def pending(self) -> int:
        return int(self.redis.client.xpending(self.name, "dai-score")["pending"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def streams(server: Redis) -> Streams:
    return Streams(server, uuid.uuid4().hex[:8])


def drained(model: Path, streams: Streams, *more: object) -> str:
    done = run(*streams.arguments, "--model", model, "--drain", *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_entries_without_the_field_are_told(titanic: Path, streams: Streams) -> None:
    for name in ("data", "body"):
        streams.redis.client.xadd(streams.name, {name: message(1)})
    done = run(*streams.arguments, "--model", titanic, "--drain")
    assert "0 messages scored, 2 rejected" in done.stdout
    assert done.stderr.count("has no field value, so it is rejected as empty: it has data.") == 1


def test_messages_are_scored_in_order_and_bad_ones_say_why(titanic: Path, streams: Streams) -> None:
    entries = streams.send([*mixed(1000), b"", b"no JSON"], trace="t1")
    assert "990 messages scored, 12 rejected" in drained(titanic, streams)
    scored = streams.read("scored")
    good = [at for at in range(1000) if at % 100 != 50]
    assert [json.loads(one[b"value"])["id"] for one in scored] == good
    assert all(is_golden(one[b"value"]) for one in scored)
    assert [one[b"source_id"] for one in scored] == [entries[at] for at in good]
    assert {one[b"trace"] for one in scored} == {b"t1"}
    rejected = streams.read("rejected")
    assert json.loads(rejected[0][b"value"]) == {
        "code": "not_a_number",
        "column": "age",
        "value": "old",
        "reason": None,
        "stream": streams.name,
        "id": entries[50].decode(),
        "message": message(50, age="old").decode(),
    }
    assert rejected[0][b"dai-reject-code"] == b"not_a_number"
    assert [json.loads(one[b"value"])["code"] for one in rejected[10:]] == ["no_record", "malformed_row"]
    assert streams.pending() == 0


def ids(rows: Sequence[dict[bytes, Any]]) -> list[int]:
    return [json.loads(one[b"value"])["id"] for one in rows]


def test_a_message_with_too_many_fields_is_rejected(titanic: Path, streams: Streams) -> None:
    good = streams.send([message(0)], trace="t1")
    wide = streams.send([message(1)], **{f"f{number}": "x" for number in range(9_000)})
    full = streams.send([message(2)], **{f"f{number}": "x" for number in range(3_899)})
    assert "2 messages scored, 1 rejected" in drained(titanic, streams)
    assert [one[b"source_id"] for one in streams.read("scored")] == [*good, *full]
    assert len(streams.read("scored")[1]) == 3_901
    (found,) = streams.read("rejected")
    assert found[b"source_id"] == wide[0]
    assert json.loads(found[b"value"])["code"] == "too_large"
    assert json.loads(found[b"value"])["message"] == message(1).decode()


def test_workers_are_killed(titanic: Path, streams: Streams, tmp_path: Path) -> None:
    count = 6000
    streams.send(mixed(count))
    for number in range(3):
        with working(tmp_path, *streams.arguments, "--model", titanic, "--max-batch", 50, "--idle", 0.5) as worker:
            until(lambda wanted=number * 1000 + 500: len(streams.read("scored")) > wanted)
            worker.end(signal.SIGKILL)
    drained(titanic, streams, "--idle", 0.5)
    scored, rejected = streams.read("scored"), streams.read("rejected")
    assert set(ids(scored)) == {at for at in range(count) if at % 100 != 50}
    # Scores and acknowledgements are one transaction: a worker that dies publishes nothing twice.
    assert len(scored) + len(rejected) == count
    assert len({one[b"source_id"] for one in [*scored, *rejected]}) == count
    assert streams.pending() == 0


def test_a_message_that_ends_workers_is_rejected_unscored(titanic: Path, streams: Streams) -> None:
    entries = streams.send([message(1), message(2), message(3)])
    client = streams.redis.client
    client.xgroup_create(streams.name, "dai-score", "0")
    client.xreadgroup("dai-score", "dead", {streams.name: ">"}, count=3)
    for _ in range(5):
        client.xclaim(streams.name, "dai-score", "dead", 0, entries)
    drained(titanic, streams, "--idle", 0.1)
    assert ids(streams.read("scored")) == [2, 3]
    (rejected,) = streams.read("rejected")
    assert json.loads(rejected[b"value"])["code"] == "delivered_too_often"


def left_by_a_dead_worker(streams: Streams, numbers: Sequence[int], deliveries: int) -> None:
    """Messages that a worker took and died of, as often; they are here, and its own, at the same moment."""
    entries = [f"9999999999999-{number}" for number in numbers]
    with streams.redis.client.pipeline(transaction=True) as all_at_once:
        for entry, number in zip(entries, numbers, strict=True):
            all_at_once.xadd(streams.name, {"value": message(number)}, id=entry)
        all_at_once.xreadgroup("dai-score", "dead", {streams.name: ">"})
        for _ in range(deliveries - 1):
            all_at_once.xclaim(streams.name, "dai-score", "dead", 0, entries)
        all_at_once.execute()


def test_what_a_worker_left_is_taken_while_new_messages_never_cease(
    titanic: Path, streams: Streams, tmp_path: Path
) -> None:
    def are_taken() -> bool:
        streams.send([message(100)])
        return {1, 2} <= set(ids(streams.read("scored")))

    with working(tmp_path, *streams.arguments, "--model", titanic, "--idle", 2) as worker:
        left_by_a_dead_worker(streams, [1, 2], 1)
        until(are_taken)
        until(lambda: streams.pending() == 0)
        assert worker.end() == 0
    found = ids(streams.read("scored"))
    assert (found.count(1), found.count(2)) == (1, 1)


def test_a_message_that_ends_workers_is_rejected_also_behind_new_ones(
    titanic: Path, streams: Streams, tmp_path: Path
) -> None:
    with working(tmp_path, *streams.arguments, "--model", titanic, "--idle", 2) as worker:
        streams.send([message(0)])
        until(lambda: ids(streams.read("scored")) == [0])
        left_by_a_dead_worker(streams, [1, 2], 6)
        until(lambda: len(streams.read("scored")) + len(streams.read("rejected")) == 3)
        assert worker.end() == 0
    (rejected,) = streams.read("rejected")
    assert (json.loads(rejected[b"value"])["code"], ids(streams.read("scored"))) == ("delivered_too_often", [0, 2])


def test_the_server_restarts(titanic: Path, streams: Streams, tmp_path: Path) -> None:
    streams.send(mixed(4000))
    words = [*streams.arguments, "--model", titanic, "--max-batch", 50, "--idle", 0.5, "--broker-timeout", PATIENCE]
    with working(tmp_path, *words) as worker:
        until(lambda: len(streams.read("scored")) > 500)
        streams.redis.end()
        streams.redis.start()
        until(lambda: len(streams.read("scored")) + len(streams.read("rejected")) >= 4000)
        assert worker.end() == 0
    assert set(ids(streams.read("scored"))) == {at for at in range(4000) if at % 100 != 50}


def test_a_signal_ends_the_wait_for_a_server_that_has_gone(titanic: Path, streams: Streams, tmp_path: Path) -> None:
    with working(tmp_path, *streams.arguments, "--model", titanic) as worker:
        streams.redis.end()
        assert worker.end_while_it_connects(urlsplit(streams.redis.url).port or 0) == 143
    streams.redis.start()


def test_an_output_that_is_something_else_loses_nothing(titanic: Path, streams: Streams, tmp_path: Path) -> None:
    client = streams.redis.client
    with working(tmp_path, *streams.arguments, "--model", titanic) as worker:
        client.set(f"{streams.name}-rejected", "text")
        # Two can be published, and one in the middle cannot: none is acknowledged.
        with client.pipeline(transaction=True) as all_at_once:
            for value in (message(1), message(2, age="old"), message(3)):
                all_at_once.xadd(streams.name, {"value": value})
            all_at_once.execute()
        assert worker.ended() == 1
    assert "Error: Redis refuses a command: WRONGTYPE" in worker.log.read_text()
    assert streams.pending() == 3
    done = run(*streams.arguments, "--model", titanic)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert f"no stream {streams.name}-rejected: it has a string" in done.stderr
    client.delete(f"{streams.name}-rejected")
    drained(titanic, streams, "--idle", 0.1)
    assert set(ids(streams.read("scored"))) == {1, 3}
    assert streams.pending() == 0


def test_a_permission_that_is_missing_loses_nothing(titanic: Path, streams: Streams) -> None:
    streams.send([message(1)], secret="for nobody's log")
    client = streams.redis.client
    client.acl_setuser(
        "weak", enabled=True, passwords=["+pw"], keys=[streams.name, f"{streams.name}-rejected"], commands=["+@all"]
    )
    url = streams.redis.url.replace("//", "//weak:pw@")
    words = [one for one in streams.arguments if one not in ("--url", streams.redis.url)]
    done = run(*words, "--model", titanic, environment={"DAI_REDIS_URL": url})
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert "permission" in done.stderr
    assert "nobody" not in done.stderr
    client.acl_deluser("weak")
    drained(titanic, streams, "--idle", 0.1)
    assert ids(streams.read("scored")) == [1]


def test_tls(titanic: Path, streams: Streams, tmp_path: Path) -> None:
    streams.send([message(1)])
    words: list[object] = [streams.redis.secured if one == streams.redis.url else one for one in streams.arguments]
    words += ["--model", titanic, "--drain"]
    done = run(*words, environment={"DAI_REDIS_CA_FILE": str(Authority(tmp_path).certificate)})
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1), done.stderr
    assert "The certificate of Redis at rediss://" in done.stderr
    assert "DAI_REDIS_CA_FILE" in done.stderr
    done = run(*words, environment={"DAI_REDIS_CA_FILE": str(tmp_path / "nowhere.pem")})
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    done = run(*words, environment={"DAI_REDIS_CA_FILE": str(streams.redis.authority)})
    assert done.returncode == 0, done.stderr
    assert ids(streams.read("scored")) == [1]
    for swapped, said in (
        (streams.redis.secured.replace("rediss", "redis"), "speaks TLS: write its address with rediss://"),
        (streams.redis.url.replace("redis", "rediss", 1), "if it speaks no TLS, write its address with redis://"),
    ):
        swapped_words = [swapped if one == streams.redis.secured else one for one in words]
        done = run(*swapped_words, "--broker-timeout", 2)
        assert (done.returncode, len(done.stderr.splitlines())) == (4, 1), done.stderr
        assert said in done.stderr


def test_a_password_on_the_command_line_is_refused(titanic: Path) -> None:
    done = run("redis", "--url", "redis://:secret@127.0.0.1:1/0", "--input", "a", "--output", "b", "--model", titanic)
    assert done.returncode == 2
    assert "DAI_REDIS_URL" in done.stderr
    assert "secret" not in done.stderr


def test_no_server(titanic: Path) -> None:
    words = ["--input", "a", "--output", "b", "--model", titanic, "--accept-h2o-licence", "--broker-timeout", 1]
    done = run("redis", "--url", "redis://127.0.0.1:1/0", *words)
    assert done.returncode == 4, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "redis://127.0.0.1:1/0 does not answer" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["sigterm", "sigint"])
def test_a_signal_ends_the_wait_for_a_broker(titanic: Path, number: signal.Signals) -> None:
    words = ["--input", "a", "--output", "b", "--model", titanic, "--accept-h2o-licence", "--broker-timeout", 500]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        command = [*COMMAND, "redis", "--url", url, *map(str, words)]
        with subprocess.Popen(command, preexec_fn=hear_ctrl_c) as process:
            try:
                with silent.accept()[0]:
                    process.send_signal(number)
                    assert process.wait(PATIENCE) == 128 + number
            finally:
                process.kill()
