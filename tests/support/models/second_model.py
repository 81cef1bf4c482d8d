"""Another model of the penguins: the sample with another id, and its log-odds of male higher by a known amount."""

from __future__ import annotations

import math
from pathlib import Path

from tests.support.models import h2o3_mojo

ID = "4711"
HIGHER = 0.5

SAMPLE_ID = "-8975201171001453986"
_SAMPLE_INTERCEPT = "0.018018505502678212"
_SAMPLE_THRESHOLD = 0.42336723852623304


def write(sample: Path, target: Path) -> Path:
    """Write it to a file."""
    changes = {
        f"uuid = {SAMPLE_ID}": f"uuid = {ID}",
        f"init_f = {_SAMPLE_INTERCEPT}": f"init_f = {float(_SAMPLE_INTERCEPT) + HIGHER!r}",
    }
    return h2o3_mojo.changed(sample, target, changes)


def scores(predicted: tuple[str, float, float]) -> tuple[str, float, float]:
    """What it says of a row, by what the sample says: class, female and male."""
    male = 1 / (1 + math.exp(-(math.log(predicted[2] / predicted[1]) + HIGHER)))
    return "male" if male >= _SAMPLE_THRESHOLD else "female", 1 - male, male
