"""Scores cases one after the other, in a process that may die of one; says on standard output which it is at."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

from dai_scoring.models import open_model
from tests.fuzz import inputs, outcomes

_MODEL = Path(__file__).resolve().parents[2] / "models" / "penguins.mojo"
# Every fifth goes through the command.
_COMMAND = 5


def main(seed: str, first: int, count: int, seconds: float, work: Path) -> None:
    """Score the cases from ``first`` on, ``count`` of them or for some seconds; what fails stays in ``work``."""
    scorer = open_model(_MODEL)
    temporary = Path(tempfile.gettempdir())
    before = _listed(temporary)
    found: Counter[str] = Counter()
    began = time.monotonic()
    number = first
    failed = 0
    while number < first + count and time.monotonic() - began < seconds:
        _say(f"case {number}")
        random = Random(f"{seed}:{number}")
        given = inputs.make(random)
        chosen = outcomes.options(random)
        folder = work / str(number)
        folder.mkdir()
        (work / "input").write_bytes(given.contents)
        (work / "about").write_text(f"{given.kind}, {given.mime_type}, {chosen}\n", encoding="utf-8")
        try:
            if number % _COMMAND:
                said = outcomes.check_file(scorer, given, chosen, folder)
            else:
                given = inputs.packed(given, random) if random.random() < 0.5 else given
                (work / "input").write_bytes(given.contents)
                said = outcomes.check_command(scorer, given, chosen, folder, f"in{random.choice(('', '.gz'))}")
            if more := _listed(temporary) - before:
                raise outcomes.Wrong(f"temporary files are left: {more}")
        except Exception:  # noqa: BLE001 - whatever it is must not be
            failed += 1
            for name in ("input", "about"):
                shutil.copy(work / name, work / f"failed-{number}-{name}")
            _say(f"failed {number}: {given.kind}\n{traceback.format_exc()}")
            before = _listed(temporary)
        else:
            found[said] += 1
        shutil.rmtree(folder)
        number += 1
    scorer.close()
    _say(f"done {number - first} {failed} {dict(found)}")


def _listed(folder: Path) -> set[str]:
    # Java's own, one for each user.
    return {one.name for one in folder.iterdir() if not one.name.startswith("hsperfdata_")}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    given_seed, given_first, given_count, given_seconds, given_work = sys.argv[1:]
    main(given_seed, int(given_first), int(given_count), float(given_seconds), Path(given_work))
    sys.stdout.flush()
    # Threads of the library live as long as the process.
    os._exit(0)
