"""Another model under a running flow in a real NiFi: nothing fails, nothing is lost, and the way back."""

from __future__ import annotations

import csv
import io
import itertools
import shutil
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dai_nifi.errors import InvalidFlowError, ModelRefusedError, NotFoundError, NotRestoredError, ScoringFailedError
from dai_nifi.operations import start_stop
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.deploy import Deployment, Request, deploy
from dai_nifi.operations.models import scoring_processors
from dai_nifi.operations.models.local_check import BreakingChangeError, Locally
from dai_nifi.operations.status import status
from dai_nifi.operations.swap import SwapRequest, rollback, swap
from dai_nifi.operations.undeploy import undeploy
from dai_scoring.model_file import sha256
from tests.support.models import second_model
from tests.support.models.second_model import SAMPLE_ID
from tests.support.nifi.batch_flow import deploy_batch
from tests.support.nifi.canvas import assets, stop_scoring, wait_for_queue
from tests.support.nifi.http import expected, model_that_scores
from tests.support.nifi.instance import NiFi
from tests.support.ports import free_port

pytestmark = pytest.mark.nifi

RATE = 50


@pytest.fixture(scope="module")
def first(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, under the name that the other model has too."""
    return Path(shutil.copyfile(samples / "penguins.mojo", tmp_path_factory.mktemp("first") / "model.mojo"))


@pytest.fixture(scope="module")
def second(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return second_model.write(samples / "penguins.mojo", tmp_path_factory.mktemp("second") / "model.mojo")


@pytest.fixture(scope="module")
def deployment(nifi: NiFi, first: Path) -> Iterator[Deployment]:
    yield deploy(Request("realtime-http", first, name="swaps", parameters={"http.port": str(free_port())}))
    undeploy("swaps", force=True)


@pytest.fixture
def service(deployment: Deployment, first: Path) -> str:
    """The endpoint of a flow that scores with the first model, and has no other to go back to."""
    deploy(Request("realtime-http", first, name="swaps"))
    assert deployment.endpoint is not None
    assert model_that_scores(deployment.endpoint) == SAMPLE_ID
    return deployment.endpoint


def scoring_with(name: str) -> str | None:
    (one,) = scoring_processors.find(deployed.find(name)).states()
    return one.first("model.sha256")


@dataclass
class Load:
    """Requests at a steady rate, whatever the answers take."""

    url: str
    answers: list[tuple[float, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def one(self) -> None:
        try:
            model = model_that_scores(self.url)
        except (urllib.error.URLError, OSError) as error:
            self.failures.append(repr(error))
        else:
            self.answers.append((time.monotonic(), model))

    @contextmanager
    def running(self) -> Iterator[None]:
        over = threading.Event()
        threads: list[threading.Thread] = []

        def generate() -> None:
            due = time.monotonic()
            while not over.is_set():
                threads.append(threading.Thread(target=self.one))
                threads[-1].start()
                due += 1 / RATE
                time.sleep(max(0.0, due - time.monotonic()))

        generator = threading.Thread(target=generate)
        generator.start()
        try:
            yield
        finally:
            over.set()
            generator.join()
            for thread in threads:
                thread.join()

    def longest_pause(self) -> float:
        times = sorted(when for when, _ in self.answers)
        return max(after - before for before, after in itertools.pairwise(times))


def test_a_swap_and_the_way_back_under_50_requests_a_second(service: str, second: Path, first: Path) -> None:
    load = Load(service)
    with load.running():
        time.sleep(1)
        there = swap(SwapRequest("swaps", second))
        time.sleep(1)
        back = rollback("swaps")
        time.sleep(1)
    order = [model for _, model in sorted(load.answers)]
    print(
        f"\n{len(order)} answers, {order.count(SAMPLE_ID)} by the first model, {order.count(second_model.ID)} by the "
        f"second, {len(load.failures)} failures, longest pause {load.longest_pause():.2f} s; the swaps say "
        f"{there.paused_seconds:.2f} s and {back.paused_seconds:.2f} s"
    )
    assert load.failures == []
    assert set(order) == {SAMPLE_ID, second_model.ID}
    assert (order[0], order[-1]) == (SAMPLE_ID, SAMPLE_ID)
    assert (there.old_id, there.new_id, there.changes) == (SAMPLE_ID, second_model.ID, [])
    assert (back.old, back.new) == (there.new, there.old)
    assert scoring_with("swaps") == sha256(first)
    assert assets("swaps") == {there.old, there.new}


def test_the_same_again_changes_nothing_and_a_third_model_drops_the_first(
    service: str, samples: Path, second: Path, tmp_path: Path
) -> None:
    rows = samples / "penguins-rows.csv"
    looked = swap(SwapRequest("swaps", second, check=rows, dry_run=True))
    assert (looked.action, model_that_scores(service)) == ("checked", SAMPLE_ID)
    before = expected(samples)
    after = [second_model.scores(one) for one in before]
    assert looked.comparison is not None
    apart = [abs(one[2] - other[2]) for one, other in zip(before, after, strict=True)]
    assert [one.output for one in looked.comparison.outputs] == ["female", "male"]
    assert looked.comparison.outputs[1].mean == pytest.approx(sum(apart) / len(apart), rel=1e-4)
    assert looked.comparison.outputs[1].greatest == pytest.approx(max(apart), rel=1e-4)
    assert looked.comparison.class_changed == sum(one[0] != other[0] for one, other in zip(before, after, strict=True))
    assert (looked.comparison.rows, looked.comparison.compared) == (len(before), len(before))
    swapped = swap(SwapRequest("swaps", second))
    assert (swapped.action, model_that_scores(service)) == ("swapped", second_model.ID)
    assert swap(SwapRequest("swaps", second)).action == "unchanged"
    third = Path(shutil.copyfile(second, tmp_path / "model.mojo"))
    with zipfile.ZipFile(third, "a") as file:
        file.comment = b"the same model in other bytes"
    again = swap(SwapRequest("swaps", third))
    assert (again.old, model_that_scores(service)) == (swapped.new, second_model.ID)
    assert assets("swaps") == {swapped.new, again.new}
    assert status("swaps").model == again.new


def test_what_does_not_fit_is_refused_and_the_old_model_goes_on(
    service: str, titanic: Path, first: Path, second: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mojo"
    broken.write_bytes(first.read_bytes()[:-5000])
    with pytest.raises(ModelRefusedError):
        swap(SwapRequest("swaps", broken))
    with pytest.raises(
        BreakingChangeError, match=r"(?s)input column pclass is added.*output column male is removed"
    ) as told:
        swap(SwapRequest("swaps", titanic, locally=Locally(accept_h2o_licence=True)))
    assert {one.column for one in told.value.changes if one.change == "added" and one.kind == "output"} == {
        "survived.0",
        "survived.1",
    }
    # What the other columns are is said before records are scored that only one of the models can take.
    rows, header = tmp_path / "rows.csv", tmp_path / "header.csv"
    rows.write_text("pclass,sex,age,ticket,fare,cabin\n3,male,22,A1,7.25,C1\n")
    with pytest.raises(BreakingChangeError):
        swap(SwapRequest("swaps", titanic, check=rows, locally=Locally(accept_h2o_licence=True)))
    header.write_text("species,island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,date_egg\n")
    with pytest.raises(ScoringFailedError, match="no records in"):
        swap(SwapRequest("swaps", second, check=header))
    with pytest.raises(NotFoundError, match="no model to go back to"):
        rollback("swaps")
    assert model_that_scores(service) == SAMPLE_ID
    assert len(assets("swaps")) == 1


@pytest.mark.parametrize(
    ("preload", "error", "says"),
    [(True, ModelRefusedError, "NiFi cannot use the model"), (False, InvalidFlowError, "NiFi says of swaps")],
)
def test_a_model_that_only_nifi_refuses_is_rolled_back(
    service: str, needs_licence: Path, first: Path, preload: bool, error: type[Exception], says: str
) -> None:
    request = SwapRequest("swaps", needs_licence, locally=None, preload=preload)
    with pytest.raises(error, match=rf"(?s){says}.*licence.*swaps scores with model-\w+\.mojo as before"):
        swap(request)
    assert model_that_scores(service) == SAMPLE_ID
    assert scoring_with("swaps") == sha256(first)
    assert len(assets("swaps")) == 1


def test_an_interrupted_swap_goes_back(service: str, second: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start, interrupted = scoring_processors.ScoringProcessors.start, []

    def interrupt(self: scoring_processors.ScoringProcessors, timeout: float) -> None:
        if not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        start(self, timeout)

    monkeypatch.setattr(scoring_processors.ScoringProcessors, "start", interrupt)
    with pytest.raises(KeyboardInterrupt):
        swap(SwapRequest("swaps", second))
    assert model_that_scores(service) == SAMPLE_ID
    assert len(assets("swaps")) == 1


def test_a_swap_whose_way_back_fails_too_says_so_and_rollback_ends_it(
    service: str, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise InvalidFlowError("not now")

    with monkeypatch.context() as patched:
        patched.setattr(scoring_processors.ScoringProcessors, "start", refuse)
        with pytest.raises(NotRestoredError, match=r"(?s)not now.*could not be put back: not now.*rollback swaps puts"):
            swap(SwapRequest("swaps", second))
    found = status("swaps").under_way
    assert found is not None
    assert found.cut_off
    assert rollback("swaps").action == "finished"
    assert model_that_scores(service) == SAMPLE_ID
    assert status("swaps").under_way is None


def test_files_under_way_are_scored_by_one_model_each(
    nifi: NiFi, first: Path, second: Path, samples: Path, tmp_path: Path
) -> None:
    folders = deploy_batch("files", first, tmp_path)
    rows = (samples / "penguins-rows.csv").read_bytes()
    by_first = expected(samples)
    by_second = [second_model.scores(one) for one in by_first]

    def model_of(number: int) -> str:
        found = list(csv.DictReader(io.StringIO(folders.wait(folders.output / f"{number}.csv").decode())))
        assert len(found) == len(by_first)
        scores = [float(row["male"]) for row in found]
        for name, wanted in (("first", by_first), ("second", by_second)):
            if scores == pytest.approx([one[2] for one in wanted], abs=1e-6):
                return name
        raise AssertionError(f"{number}.csv has scores of neither model, or of both")

    try:
        stop_scoring("files")
        for number in range(5):
            folders.put(f"{number}.csv", rows)
        wait_for_queue("files", 5)
        # A stopped processor stays so, and what is queued stays.
        assert swap(SwapRequest("files", second)).paused_seconds is None
        assert status("files").queued_flowfiles == 5
        start_stop.start("files")
        assert {model_of(number) for number in range(5)} == {"second"}
        done, count = threading.Event(), 5

        def feed() -> None:
            nonlocal count
            while not done.is_set():
                folders.put(f"{count}.csv", rows)
                count += 1
                time.sleep(0.02)

        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            folders.wait(folders.output / "10.csv")
            rollback("files")
            folders.wait(folders.output / f"{count + 5}.csv")
        finally:
            done.set()
            feeder.join()
        models = [model_of(number) for number in range(5, count)]
        assert (models[0], models[-1]) == ("second", "first")
        assert list(folders.failed.iterdir()) == list(folders.rejected.iterdir()) == []
    finally:
        undeploy("files", force=True)
