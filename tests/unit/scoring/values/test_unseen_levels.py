"""Unseen levels in the words of an attribute."""

from __future__ import annotations

from dai_scoring.unseen_levels import in_words


def test_the_highest_counts_come_first() -> None:
    assert in_words({"b": 2, "island": 300, "a": 2}) == "island=300, a=2, b=2"


def test_what_is_too_long_is_left_out() -> None:
    assert in_words({"first": 30, "second": 2, "c": 1}, longest=18) == "first=30, second=2"
    assert in_words({"first": 30, "second": 2}, longest=17) == "first=30"
    assert in_words({}) == ""
