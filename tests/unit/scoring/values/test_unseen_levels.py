"""Unseen levels in the words of an attribute."""

from __future__ import annotations

from dai_scoring.values.unseen_levels import counts_as_text


def test_the_highest_counts_come_first() -> None:
    assert counts_as_text({"b": 2, "island": 300, "a": 2}) == "island=300, a=2, b=2"


def test_what_is_too_long_is_left_out() -> None:
    assert counts_as_text({"first": 30, "second": 2, "c": 1}, longest=18) == "first=30, second=2"
    assert counts_as_text({"first": 30, "second": 2}, longest=17) == "first=30"
    assert counts_as_text({}) == ""
