"""The counts of a server that has run for long."""

from __future__ import annotations

from dai_routes.serve.answering.metrics import Metrics, room
from dai_scoring.batch.summary import Summary
from dai_scoring.service import Response

MANY = 12_345_678


def test_large_counts_have_all_their_digits() -> None:
    numbers = [0.0] * room(1, 1)
    counts = Metrics(["birds"], numbers)
    counts.count("birds", 200, 0.5, Response(None, summary=Summary(3, 2, 1, None, None, 0.1, {"island": 1})))
    counts.count_batch("birds", 1)
    numbers[:] = [number * MANY for number in numbers]
    found = dict(line.rsplit(" ", 1) for line in counts.text([], []).splitlines() if line[0] != "#")
    assert found['dai_requests_total{model="birds",status="200"}'] == str(MANY)
    assert found['dai_rows_scored_total{model="birds"}'] == str(2 * MANY)
    assert found['dai_unseen_levels_total{model="birds"}'] == str(MANY)
    assert found['dai_request_seconds_bucket{model="birds",le="1"}'] == str(MANY)
    assert found['dai_request_seconds_bucket{model="birds",le="+Inf"}'] == str(MANY)
    assert found['dai_request_seconds_count{model="birds"}'] == str(MANY)
    assert float(found['dai_request_seconds_sum{model="birds"}']) == MANY / 2
    assert float(found['dai_batch_requests_sum{model="birds"}']) == MANY
