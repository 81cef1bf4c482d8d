"""A fixed number of damaged files; ``make fuzz`` tries others."""

from __future__ import annotations

import shutil

import pytest

from tests.fuzz.run import run

SEED = "2026"
CASES = 900


@pytest.mark.runtime
def test_every_outcome_adds_up_or_says_why() -> None:
    found = run(SEED, CASES)
    assert not found.failures, (
        f"seed {SEED}; the inputs are in {found.folder}; again: python -m tests.fuzz.run --seed {SEED} --first N "
        f"--cases 1\n\n" + "\n\n".join(found.failures[:5])
    )
    assert found.cases == CASES
    # Most of all ends that there are were met.
    assert all(word in found.said for word in ("scored", "malformed_content", "bad_rows", "unknown_format")), found.said
    shutil.rmtree(found.folder)
