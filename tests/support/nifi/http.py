"""Requests to a realtime-http flow, and what it answers."""

from __future__ import annotations

import csv
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dai_scoring.options import OPTIONS

ROW = {
    "species": "Adelie",
    "island": "Torgersen",
    "bill_length_mm": 39.1,
    "bill_depth_mm": 18.7,
    "flipper_length_mm": 181,
    "body_mass_g": 3750,
    "date_egg": "2007-11-11",
}


@dataclass(frozen=True)
class Answer:
    status: int
    type: str
    body: str

    @property
    def error(self) -> dict[str, Any]:
        """What the body says was wrong, in words that a client can do something with."""
        assert self.type == "application/json"
        found: dict[str, Any] = json.loads(self.body)
        assert list(found) == ["detail", "code", "row", "column"]
        names = [option.label for option in OPTIONS.values()]
        for word in ("NiFi", "FlowFile", "processor", "/tmp", "'fail", *filter(None, names)):
            assert word not in found["detail"]
        return found

    @property
    def detail(self) -> str:
        return str(self.error["detail"])


def ask(url: str, body: str | bytes | None = None, kind: str | None = None, method: str | None = None) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(url, data, {"Content-Type": kind} if kind else {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, response.headers.get("Content-Type", ""), response.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers.get("Content-Type", ""), error.read().decode())


def expected(samples: Path) -> list[tuple[str, float, float]]:
    with (samples / "penguins-expected.csv").open(newline="") as file:
        return [(row["predict"], float(row["female"]), float(row["male"])) for row in csv.DictReader(file)]


def model_that_scores(url: str) -> str:
    """Score a row; returns the id of the model that did it."""
    request = urllib.request.Request(url, json.dumps([ROW]).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        (row,) = json.loads(response.read())
        assert row["predict"] in ("male", "female")
        return str(response.headers["scoring.model.id"])
