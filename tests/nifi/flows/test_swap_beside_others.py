"""A swap while other things happen: another command takes the flow over, or FlowFiles fail just as the model starts."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dai_nifi.errors import BusyError
from dai_nifi.operations.canvas import bulletins
from dai_nifi.operations.changes import lease, lease_store
from dai_nifi.operations.models.scoring_processors import ScoringProcessors
from dai_nifi.operations.status import status
from dai_nifi.operations.swap import SwapRequest, swap
from tests.support.models import second_model
from tests.support.nifi.batch_flow import Folders, batch_while
from tests.support.nifi.canvas import wait_for_queue
from tests.support.nifi.instance import NiFi
from tests.support.waiting import until

pytestmark = pytest.mark.nifi

NAME = "files-beside-others"


@pytest.fixture(scope="module")
def second(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return second_model.write(samples / "penguins.mojo", tmp_path_factory.mktemp("second") / "second.mojo")


@pytest.fixture
def folders(nifi: NiFi, samples: Path, tmp_path: Path) -> Iterator[Folders]:
    with batch_while(NAME, samples / "penguins.mojo", tmp_path) as found:
        yield found


def test_a_swap_whose_flow_was_taken_over_leaves_the_model_of_the_other_command(
    folders: Folders, second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = Path(shutil.copyfile(second, tmp_path / "third.mojo"))
    with zipfile.ZipFile(third, "a") as file:
        file.comment = b"the same model in other bytes"
    wait, machine, now = ScoringProcessors.wait_until_loaded, lease_store.machine, lease_store.now
    done = []

    def later() -> datetime:
        return now() + timedelta(seconds=lease_store.SILENT_SECONDS + 5)

    def asleep(*_: Any) -> None:
        """The first command is not heard of for so long that another one takes its place."""
        with monkeypatch.context() as patch:
            patch.setattr(ScoringProcessors, "wait_until_loaded", wait)
            patch.setattr(lease_store, "machine", machine)
            patch.setattr(lease_store, "now", later)
            done.append(swap(SwapRequest(NAME, third)))

    with monkeypatch.context() as patch:
        patch.setattr(ScoringProcessors, "wait_until_loaded", asleep)
        patch.setattr(lease_store, "machine", lambda: "elsewhere")
        patch.setattr(lease, "_RENEW_SECONDS", 3600.0)
        with pytest.raises(BusyError, match="has taken over"):
            swap(SwapRequest(NAME, second))
    (other,) = done
    found = status(NAME)
    assert (other.action, found.model, found.state) == ("swapped", other.new, "running")
    assert found.under_way is None


def test_a_flowfile_that_fails_just_after_the_start_says_nothing_of_the_model(
    folders: Folders, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, read = ScoringProcessors.stop, bulletins.read
    queued = []

    def stopped(self: ScoringProcessors, timeout: float) -> None:
        stop(self, timeout)
        if not queued:
            queued.append(True)
            folders.put("bad.csv", "a,b\n1,2\n")
            wait_for_queue(NAME, 1)

    def read_late(**given: Any) -> Any:
        """As if the answer took until the FlowFile has failed."""
        if given.get("after") is None:
            return read(**given)
        until(lambda: any("bad.csv" in one.message for one in read(**given)))
        return read(**given)

    monkeypatch.setattr(ScoringProcessors, "stop", stopped)
    monkeypatch.setattr(bulletins, "read", read_late)
    assert swap(SwapRequest(NAME, second)).action == "swapped"
    assert folders.error("bad.csv")["code"] == "missing_columns"
