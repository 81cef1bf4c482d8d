"""Dates read the quick way are those that the reader of all forms finds."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from dai_scoring.formats import Declined
from dai_scoring.values import times

_ODD = ["2018-02-30", "2018/01/01", "2018-1-001", "20180101T0", "+018-01-01", "2018-01-1 ", "éé18-01-0", "0000-01-01"]


@pytest.mark.parametrize("seed", range(20))
def test_dates_alone(seed: int) -> None:
    choose = random.Random(seed)
    texts: list[str | None] = [
        choose.choice([None, "", f"{choose.randint(1, 9999):04}-{choose.randint(1, 12):02}-{choose.randint(1, 28):02}"])
        for _ in range(50)
    ]
    quick = times.from_dates(pa.array(texts))
    assert not isinstance(quick, Declined)
    assert quick.equals(times.from_iso_text(pa.array([text or None for text in texts])))


@pytest.mark.parametrize("text", _ODD)
def test_odd_texts(text: str) -> None:
    quick, known = times.from_dates(pa.array([text])), times.from_iso_text(pa.array([text]))
    assert isinstance(quick, Declined) or quick.equals(known)
    assert isinstance(quick, Declined) == (text != "0000-01-01")


def test_other_forms_are_left() -> None:
    assert isinstance(times.from_dates(pa.array(["2018-01-01", "2018-01-01T10:00:00Z"])), Declined)
