"""The service: what its responses hold, one request or many, small or large, and the life of its model."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow.csv as pa_csv
import pytest

from dai_scoring.batch.file_job import FEW_BYTES
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import ContentError, MissingColumnsError, ModelNotFoundError
from dai_scoring.option_words import Audience
from dai_scoring.options import BadRows, Wanted
from dai_scoring.scorer import RuntimeSettings, Scorer
from dai_scoring.service import HttpRequest, Request, ScoringService, State, WorkFolders
from dai_scoring.service.h2o_rest import Endpoint
from tests.support.models.titanic import GOLDEN_ROW, GOLDEN_SCORE
from tests.support.waiting import until

pytestmark = pytest.mark.runtime

CSV = "text/csv"
HEADER = ",".join(GOLDEN_ROW) + "\n"
ROW = ",".join(GOLDEN_ROW.values()) + "\n"


@pytest.fixture
def service(titanic_scorer: Scorer, tmp_path: Path) -> Iterator[ScoringService]:
    with ScoringService(titanic_scorer, folders=WorkFolders(tmp_path / "work")) as found:
        yield found


@pytest.fixture(autouse=True)
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*/*") if path.name != "lock")


def test_rejected_rows_are_apart_in_their_place_or_an_error(service: ScoringService) -> None:
    contents = (HEADER + ROW + ROW.replace("22", "oops")).encode()
    found = service.respond(Request(contents, CSV))
    assert isinstance(found.contents, bytes)
    assert isinstance(found.rejected, bytes)
    assert (found.contents.count(b"\n"), found.rejected.count(b"\n"), found.mime_type) == (2, 2, CSV)
    assert b",not_a_number,age,oops\n" in found.rejected
    assert found.summary is not None
    assert (found.summary.records, found.summary.scored, found.summary.rejected) == (2, 1, 1)
    kept = service.respond(Request(contents, CSV, keeps_rows=True))
    assert isinstance(kept.contents, bytes)
    assert (kept.contents.count(b"\n"), kept.rejected) == (3, None)
    for failed in (
        service.respond(Request(contents, CSV, choices={"bad_rows": "fail"})),
        service.respond(Request(contents, CSV, options=FileOptions(bad_rows=BadRows.FAIL))),
    ):
        assert failed.failure is not None
        assert (failed.failure.code, failed.failure.status) == ("bad_rows", 400)
        assert (failed.failure.row, failed.failure.column) == (2, "age")
        assert failed.contents is None
        assert "Bad Rows" in failed.failure.text_for(Audience.CANVAS)
        assert "bad_rows" not in failed.failure.client


def test_many_requests_get_what_each_gets_alone(service: ScoringService, tmp_path: Path) -> None:
    row = json.dumps(GOLDEN_ROW).encode()
    large = tmp_path / "large.csv"
    large.write_text(HEADER + ROW * 5000)
    # Several threads share it, beside the others.
    larger = tmp_path / "larger.csv"
    larger.write_text(HEADER + ROW * (FEW_BYTES // len(ROW) + 1))
    requests = [
        Request(row, "application/json"),
        Request((HEADER + ROW).encode(), CSV),
        Request(b"", CSV),
        Request(b"{}", "application/json"),
        Request(row, "application/json", choices={"columns": "predictions"}),
        Request(row, "application/json", choices={"columns": "oops"}),
        Request(large, CSV),
        Request(json.dumps([GOLDEN_ROW] * 500).encode(), "application/json"),
        Request(b"", endpoint=Endpoint.ID),
        Request(large, None, "large.csv"),
        Request(larger, CSV),
        Request(tmp_path / "gone.csv", CSV),
    ]

    def seen(response: object) -> object:
        contents = response.contents  # type: ignore[attr-defined]
        if isinstance(contents, Path):
            read = contents.read_bytes()
            contents.unlink()
            contents = read
        failure = response.failure  # type: ignore[attr-defined]
        return contents, failure and (failure.code, failure.client)

    together = [seen(one) for one in service.respond_all(requests)]
    assert together == [seen(service.respond(one)) for one in requests]
    codes = [failure and failure[0] for _, failure in together]  # type: ignore[misc]
    assert codes == [None, None, None, "missing_columns", None, "bad_request", None, None, None, None, None, "io"]
    assert together[2] == (b"", None)
    assert large.exists()


def test_blanks_are_no_records_to_who_waits_for_a_response(service: ScoringService) -> None:
    for blanks in (b" \n", b"\n" * 20_000):
        asked = Request(blanks, CSV, keeps_rows=True)
        for found in (service.respond(asked), *service.respond_all([asked, asked])):
            assert found.failure is not None
            assert (found.failure.code, found.failure.status) == ("bad_request", 400)
            assert "blanks alone" in found.failure.client
        assert service.respond(Request(blanks, CSV)).contents == b""


@dataclass(frozen=True)
class Generated:
    """Contents that are written when they are asked for."""

    rows: int
    size: int = 1 << 20

    def write_to(self, path: Path) -> None:
        path.write_text(HEADER + ROW * self.rows)


def test_large_contents_come_and_go_as_files(service: ScoringService, work: Path) -> None:
    first, second = service.respond_all([Request(Generated(30_000), CSV), Request(Generated(20_000), CSV)])
    for response, rows in ((first, 30_000), (second, 20_000)):
        assert isinstance(response.contents, Path)
        assert response.contents.is_relative_to(work)
        table = pa_csv.read_csv(response.contents)
        assert table.num_rows == rows
        assert table.column("survived.0").to_pylist() == pytest.approx([GOLDEN_SCORE[0]] * rows)
        response.discard()
    assert left_in(work) == []
    failed = service.respond(Request(Generated(0), CSV, choices={"bad_rows": "oops"}))
    assert failed.failure is not None
    assert left_in(work) == []


def test_an_error_that_nobody_thought_of_is_told_without_its_message(
    titanic_scorer: Scorer, caplog: pytest.LogCaptureFixture
) -> None:
    value = "".join(["a value", " of a record"])

    class Broken:
        size = 100_000

        def write_to(self, path: Path) -> None:
            raise KeyError(value)

    class Full:
        size = 100_000

        def write_to(self, path: Path) -> None:
            raise OSError(28, "No space left on device", str(path))

    with ScoringService(titanic_scorer) as service:
        broken, full = service.respond_all([Request(Broken(), CSV), Request(Full(), CSV)])
    assert broken.failure is not None
    assert full.failure is not None
    assert (broken.failure.code, broken.failure.status) == ("internal", 500)
    assert (full.failure.code, full.failure.status) == ("io", 500)
    assert "KeyError" in caplog.text
    assert "write_to" in caplog.text
    assert value not in caplog.text + broken.failure.text_for(Audience.PYTHON)
    assert "Make room in" in full.failure.text_for(Audience.PYTHON)
    assert "work" not in full.failure.client


class Unsized:
    """A source that fails when it is asked for its size."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    @property
    def size(self) -> int:
        raise self._error

    def write_to(self, path: Path) -> None:
        raise AssertionError("not asked for")


def test_contents_without_a_size_leave_the_others_alone(service: ScoringService) -> None:
    errors = [ContentError("gone"), OSError("gone"), ValueError("gone"), None]
    requests = [Request(Generated(30_000) if error is None else Unsized(error), CSV) for error in errors]
    requests.append(Request(Path("no\0path"), CSV))
    failures = [one.failure and one.failure.code for one in service.respond_all(requests)]
    assert failures == ["malformed_content", "io", "internal", None, "internal"]


def test_requests_wait_for_no_model_and_hear_why(samples: Path, settings: RuntimeSettings, tmp_path: Path) -> None:
    service = ScoringService()
    row = Request(b"{}", "application/json")
    assert service.readiness.state is State.LOADING
    failure = service.respond(row).failure
    assert failure is not None
    assert (failure.code, failure.status) == ("model_error", 503)
    assert "is being loaded" in failure.client
    assert service.load(tmp_path / "absent.mojo", settings=settings).state is State.REFUSED
    assert isinstance(service.readiness.error, ModelNotFoundError)
    failure = service.respond(row).failure
    assert failure is not None
    assert "absent.mojo" in failure.text_for(Audience.PYTHON)
    assert "absent.mojo" not in failure.client
    ready = service.respond_http(HttpRequest("GET", "/readyz"))
    assert (ready.status, json.loads(ready.body if isinstance(ready.body, bytes) else b"")["code"]) == (
        503,
        "model_error",
    )
    service.load_in_background(samples / "penguins.mojo", settings=settings)
    until(lambda: service.readiness.state is State.READY)
    failure = service.respond(row).failure
    assert failure is not None
    assert isinstance(failure.error, MissingColumnsError)
    service.close()
    assert service.readiness.state is State.CLOSED
    assert service.respond(row).failure is not None


def test_a_model_is_replaced_under_requests(
    samples: Path, titanic: Path, settings: RuntimeSettings, tmp_path: Path
) -> None:
    """Rows that both models know: each answer is one model's, and none is an error."""
    row = {**GOLDEN_ROW, "species": "Adelie", "island": "Dream", "date_egg": "2007-11-11"}
    row |= dict.fromkeys(("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"), "40")
    head, line = ",".join(row) + "\n", ",".join(row.values()) + "\n"
    both = {"survived.0", "predict"}
    with ScoringService.open(titanic, settings=settings) as service:
        first = service.readiness.model
        ended = threading.Event()
        names: set[str] = set()
        counts = [0, 0, 0, 0]

        def ask(client: int, rows: int) -> None:
            while not ended.is_set():
                response = service.respond(Request((head + line * rows).encode(), CSV))
                assert response.failure is None, response.failure.client
                assert isinstance(response.contents, bytes)
                header = response.contents.splitlines()[0].decode().split(",")
                assert len(both.intersection(header)) == 1
                names.update(both.intersection(header))
                counts[client] += 1

        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(ask, client, rows) for client, rows in enumerate((1, 1, 20, 3000))]

            def wait_for_answers() -> None:
                """At least one of each client is of the present model."""
                wanted = [count + 2 for count in counts]
                until(lambda: all(map(int.__ge__, counts, wanted)) or any(one.done() for one in asked))

            try:
                refused = service.load(tmp_path / "absent.mojo", settings=settings)
                assert refused.state is State.REFUSED
                assert service.readiness.model == first
                wait_for_answers()
                for model in (samples / "penguins.mojo", titanic, samples / "penguins.mojo"):
                    assert service.load(model, settings=settings).state is State.READY
                    wait_for_answers()
            finally:
                ended.set()
            for one in asked:
                one.result()
        assert names == both
        assert service.readiness.model is not None
        assert service.readiness.model.kind == "H2O-3 MOJO"


def test_a_model_that_cannot_give_what_is_wanted_is_refused(samples: Path, settings: RuntimeSettings) -> None:
    service = ScoringService(None, FileOptions(wanted=Wanted(intervals=True)))
    readiness = service.load(samples / "penguins.mojo", settings=settings)
    assert readiness.error is not None
    assert (readiness.state, readiness.error.code) == (State.REFUSED, "unsupported")
    service.close()
