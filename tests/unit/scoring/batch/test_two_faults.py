"""Contents with two faults: the error is the same on every machine, whatever the number of its threads."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dai_scoring.batch import file_job
from dai_scoring.batch.threads import ordered_map
from dai_scoring.errors import InputError
from dai_scoring.options import BadRows
from tests.support.files.file_scoring import Bench

_ROWS = 6000
_TAILS = {"another bad row": '{"x": "two", "s": "a"}', "no JSON": '{"x": tru}', "cut off": "{"}


def _body(form: str, bad: int, tail: str) -> str:
    texts = [json.dumps({"x": "one" if row == bad else 1, "s": "a" * 20}) for row in range(_ROWS)]
    return "\n".join([*texts, tail]) + "\n" if form == "lines" else f"[{','.join([*texts, tail])}]"


@pytest.mark.parametrize("tail", list(_TAILS))
@pytest.mark.parametrize("bad", [5, _ROWS // 2])
@pytest.mark.parametrize("form", ["lines", "array"])
def test_the_same_fault_is_told_whatever_the_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, bad: int, tail: str
) -> None:
    bench = Bench(tmp_path)
    body = _body(form, bad, _TAILS[tail])
    told = []
    for threads in (1, 2, 4, 8):
        with ThreadPoolExecutor(threads) as pool:
            monkeypatch.setattr(file_job, "THREADS", threads)
            monkeypatch.setattr(file_job, "_threads", lambda pool=pool: pool)
            with pytest.raises(InputError) as error:
                bench.score(body, "application/json", bad_rows=BadRows.FAIL)
            told.append((type(error.value), str(error.value), error.value.row))
    assert len(set(told)) == 1


def test_an_error_of_the_items_comes_after_the_results_before_it() -> None:
    """Also an error of the work, which a later one of the source must not hide."""
    read = threading.Event()

    def source() -> Iterator[int]:
        yield from range(3)
        read.set()
        raise ValueError("of the source")

    def work(item: int) -> int:
        read.wait()
        if item == 1:
            raise KeyError("of the work")
        return item

    with ThreadPoolExecutor(4) as helpers:
        results = ordered_map(work, source(), helpers, 5)
        assert next(results) == 0
        with pytest.raises(KeyError, match="of the work"):
            next(results)
