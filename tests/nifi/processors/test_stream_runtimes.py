"""A flow for messages with the processors that score in other ways: flows/test_stream_flows.py has those with Java."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dai_nifi.archives.install import install
from dai_scoring.scorer import Scorer
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.nifi.instance import NiFi
from tests.support.nifi.stream_flow import Message, Sent, deployed_stream
from tests.support.project import quiet

pytestmark = pytest.mark.nifi
TOPICS = {"source.topic": "rows", "target.topic": "scores", "rejected.topic": "bad", "kafka.servers": "k:9092"}


def sent(
    model: Path, folder: Path, runtime: str, contents: Sequence[bytes], **more: str
) -> tuple[dict[int, Sent], dict[int, Sent]]:
    """Scores and rejected messages by offset; all but the last two messages can be scored."""
    messages = [
        Message(
            one, {"kafka.topic": "rows", "kafka.partition": "3", "kafka.offset": str(offset), "kafka.key": f"k{offset}"}
        )
        for offset, one in enumerate(contents)
    ]
    with deployed_stream("stream-kafka", model, folder, {**TOPICS, **more}, runtime) as flow:
        flow.put(messages)
        found = flow.wait(len(contents) - 2, 2)
    for one in (*found[0], *found[1]):
        assert one.attributes["kafka.key"] == f"k{one.attributes['kafka.offset']}"
    scores, rejected = ({int(one.attributes["kafka.offset"]): one for one in part} for part in found)
    return scores, rejected


def codes(rejected: dict[int, Sent]) -> dict[int, str]:
    return {offset: one.attributes["dai-reject-code"] for offset, one in rejected.items()}


def test_cpp(nifi: NiFi, cpp_nar: Path, titanic: Path, tmp_path: Path) -> None:
    install(cpp_nar, quiet)
    good = json.dumps(GOLDEN_ROW).encode()
    bad = json.dumps({**GOLDEN_ROW, "age": "twenty"}).encode()
    scores, rejected = sent(titanic, tmp_path / "in", "cpp", [*[good] * 100, bad, b"{not JSON"])
    assert list(scores) == list(range(100))
    for one in scores.values():
        row = json.loads(one.contents)
        assert (row["survived.0"], row["survived.1"]) == GOLDEN_SCORE
    assert codes(rejected) == {100: "not_a_number", 101: "unknown_format"}


def test_python(
    nifi: NiFi, python_nar: Path, pipeline: Path, pipeline_scorer: Scorer, samples: Path, tmp_path: Path
) -> None:
    install(python_nar, quiet)
    with (samples / "penguins-rows.csv").open() as file:
        rows = list(csv.DictReader(file))[:50]
    messages = [json.dumps(row).encode() for row in rows]
    bad = json.dumps({**rows[0], "body_mass_g": "heavy"}).encode()
    scores, rejected = sent(
        pipeline,
        tmp_path / "in",
        "python",
        [*messages, bad, b"{not JSON"],
        **{"python.command": sys.executable},
    )
    assert list(scores) == list(range(50))
    for offset, one in scores.items():
        row = json.loads(one.contents)
        assert row["individual_id"] == rows[offset]["individual_id"]
        assert row["sex.female"] + row["sex.male"] == pytest.approx(1)
    assert codes(rejected) == {50: "not_a_number", 51: "unknown_format"}
