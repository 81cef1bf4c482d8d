"""Values of JSON that only pass through come out as they came, however many rows there are and however written."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.scorer import Scorer
from tests.support.shared_cases import shared_case

pytestmark = pytest.mark.runtime

ODD = [
    '"amount":12345678901234567.89',
    '"eth": 1.234567890123456789',
    '"whole":123456789012345678901234567890',
    '"tiny":1.50',
    '"zero":-0.0',
    '"huge":1E+5',
    '"name":"Stra\\u00dfe \\/ 5"',
    '"same":1,"same":2',
    '"parts":{"a":[1.0,2.50]}',
    '"text":"},{"',
]
MODEL = '"species":"Adelie","island":"Dream","bill_length_mm":39.5,"bill_depth_mm":16.7,"flipper_length_mm":178'
MODEL += ',"body_mass_g":3250,"date_egg":"2007-11-15"'


def _contents(odd: str, rows: int, form: str) -> bytes:
    objects = [f"{{{odd},{MODEL}}}"] * rows
    return {
        "array": "[" + ",\n ".join(objects) + "]",
        "lines": "\n".join(objects),
        "spread": "\n".join(one.replace(",", ",\n") if '"},{"' not in one else one for one in objects),
    }[form].encode()


def _objects(scored: str) -> Sequence[str]:
    """The text of each scored row before its predictions, on one line."""
    return re.findall(r"\{(.*?),\"predict\":", re.sub(r"[\r\n]", " ", scored))


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("form", ["array", "lines", "spread"])
@pytest.mark.parametrize("rows", [1, 3, 150])
def test_what_passes_through_stays_as_it_came(
    penguins_scorer: Scorer, odd: str, form: str, rows: int, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.json", tmp_path / "out"
    contents = _contents(odd, rows, form)
    source.write_bytes(contents)
    summary = score_file(penguins_scorer, source, target, tmp_path / "rejected", name="in.json")
    assert summary.scored == rows
    text = target.read_text()
    assert len(json.loads(text) if text.startswith("[") else text.splitlines()) == rows
    assert [one.replace(", ", ",") for one in _objects(text)] == [f"{odd},{MODEL}".replace(", ", ",")] * rows
    (answer,) = InMemoryScorer(penguins_scorer, FileOptions()).score([Contents(contents, "application/json")])
    # Of few rows nested values take a file, and very large numbers of several that are no array; of any, objects on
    # several lines do.
    is_spread = form == "spread" and rows > 1 and '"},{"' not in odd
    is_nested = rows <= 100 and odd.startswith(('"parts"', '"whole"') if rows > 1 and form != "array" else '"parts"')
    # Names of columns may be written with escapes too.
    is_escaped = rows > 100 and "\\u" in odd
    assert isinstance(answer, ScoredContents) != (is_spread or is_nested or is_escaped)
    if isinstance(answer, ScoredContents):
        found = [one.replace(", ", ",") for one in _objects(answer.contents.decode())]
        assert found == [f"{odd},{MODEL}".replace(", ", ",")] * rows


def test_the_numbers_of_the_shared_case_keep_their_digits(titanic_scorer: Scorer, tmp_path: Path) -> None:
    source = shared_case("passed-through/one.json")
    score_file(titanic_scorer, source, tmp_path / "out", tmp_path / "rejected", name="one.json")
    (answer,) = InMemoryScorer(titanic_scorer, FileOptions()).score([Contents(source.read_bytes(), None)])
    for text in (
        (tmp_path / "out").read_text(),
        answer.contents.decode() if isinstance(answer, ScoredContents) else "",
    ):
        assert '"amount":12345678901234567.89,"eth":1.234567890123456789,' in text
