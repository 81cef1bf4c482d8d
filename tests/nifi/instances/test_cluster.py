"""Two nodes on this machine: what reaches both, how they share files, and what is left of one that is killed.

The nodes are secured, which is a cluster like an open one, and besides has to let its nodes trust each other.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dai_nifi.archives.install import install, list_nars
from dai_nifi.checkup import examine
from dai_nifi.client.connection import connect
from dai_nifi.commands.nifi import app
from dai_nifi.errors import ConflictError, NodeAwayError, UsageError
from dai_nifi.local import profile
from dai_nifi.local.cluster import LocalCluster, open_local
from dai_nifi.local.instance import LocalNiFi
from dai_nifi.local.states import RunningNiFi
from dai_nifi.operations import start_stop
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.models import scoring_processors
from dai_nifi.operations.swap import SwapRequest, rollback, swap
from dai_nifi.operations.undeploy import undeploy
from dai_scoring.model_file import sha256
from tests.support.models import second_model
from tests.support.nifi.batch_flow import Folders, deploy_batch
from tests.support.nifi.cluster import predictions, rows, scored_on
from tests.support.nifi.http import expected
from tests.support.processes import running_in
from tests.support.project import quiet
from tests.support.waiting import wait_for

pytestmark = pytest.mark.nifi

FOLDERS = {f"{kind}.directory": f"/tmp/none/{kind}" for kind in ("input", "output", "rejected", "failed")}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, elsewhere: None) -> Iterator[LocalCluster]:
    local = LocalCluster(tmp_path_factory.mktemp("cluster"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIPYAPI_PROFILES_FILE", str(tmp_path_factory.mktemp("profiles") / "profiles.yml"))
        yield local
    if local.exists:
        local.stop()
    assert running_in(local.dir) == []


@pytest.fixture(scope="module")
def formed(cluster: LocalCluster, java_nar: Path) -> RunningNiFi:
    running = cluster.start(0, nodes=2, heap="512m", secure=True)
    for node in running.nodes:
        profile.write(node.name, f"{node.url}-api", cluster.certificates)
    connect(profile="node-1")
    install(java_nar, quiet)
    return running


@pytest.fixture
def batch(formed: RunningNiFi, samples: Path, tmp_path: Path) -> Iterator[Folders]:
    connect(profile="node-1")
    yield deploy_batch("shared", samples / "penguins.mojo", tmp_path)
    undeploy("shared", force=True)


def status_of(cluster: LocalCluster) -> dict[str, Any]:
    shown = CliRunner().invoke(app, ["status", "--dir", str(cluster.dir), "--json"])
    assert shown.exit_code == 0
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def test_both_nodes_are_connected_and_told(cluster: LocalCluster, formed: RunningNiFi) -> None:
    found = status_of(cluster)
    assert found["running"]
    assert [(node["name"], node["state"]) for node in found["nodes"]] == [
        ("node-1", "CONNECTED"),
        ("node-2", "CONNECTED"),
    ]
    assert sorted(role for node in found["nodes"] for role in node["roles"]) == ["Cluster Coordinator", "Primary Node"]
    assert len({node["url"] for node in found["nodes"]} | {node["pid"] for node in found["nodes"]}) == 4
    for number in ("1", "2"):
        tail = CliRunner().invoke(app, ["logs", "--dir", str(cluster.dir), "--node", number, "-n", "2"])
        assert len(tail.stdout.splitlines()) == 2
    assert CliRunner().invoke(app, ["logs", "--dir", str(cluster.dir), "--node", "3"]).exit_code == 1


def test_starting_again_starts_nothing_and_another_number_is_refused(
    cluster: LocalCluster, formed: RunningNiFi, tmp_path: Path
) -> None:
    opened = open_local(cluster.dir)
    assert isinstance(opened, LocalCluster)
    again = opened.start()
    assert again.already_running
    assert [node.pid for node in again.nodes] == [node.pid for node in formed.nodes]
    with pytest.raises(ConflictError, match="has 2 nodes and not 1"):
        opened.start(nodes=1)
    (tmp_path / "conf").mkdir()
    assert isinstance(open_local(tmp_path), LocalNiFi)
    with pytest.raises(ConflictError, match="folder of a single NiFi"):
        LocalCluster(tmp_path).start(0, nodes=2)


def has_all(node: LocalNiFi, samples: Path) -> bool:
    """Whether the archive and the model lie on a node's own disk."""
    models = [file.read_bytes() for file in node.dir.glob("assets/**/*.mojo")]
    archives = list(node.dir.glob("nar_repository/**/*.nar"))
    return len(archives) == 1 and models == [(samples / "penguins.mojo").read_bytes()]


def test_archives_and_models_reach_every_node(
    cluster: LocalCluster, formed: RunningNiFi, batch: Folders, samples: Path
) -> None:
    assert [has_all(node, samples) for node in cluster.nodes] == [True, True]
    connect(profile="node-2")
    assert [nar.state for nar in list_nars()] == ["Installed"]
    assert deployed.find("shared").mark.flow == "batch-files"


def test_files_are_scored_by_both_nodes(samples: Path, batch: Folders) -> None:
    for number in range(20):
        batch.put(f"{number}.csv", rows(samples, str(number), 1))
    for number in range(20):
        found = list(csv.DictReader(io.StringIO(batch.wait(batch.output / f"{number}.csv").decode())))
        assert [row["predict"] for row in found] == predictions(samples)
        assert {row["file"] for row in found} == {str(number)}
    assert wait_for(lambda: sum(scored_on().values()) == 20)
    assert min(scored_on().values()) > 0


def test_a_swap_under_load_reaches_both_nodes(
    cluster: LocalCluster, samples: Path, batch: Folders, tmp_path: Path
) -> None:
    second = second_model.write(samples / "penguins.mojo", tmp_path / "second.mojo")
    by_first = expected(samples)
    males = {"first": [one[2] for one in by_first], "second": [second_model.scores(one)[2] for one in by_first]}
    content, over, count = rows(samples, "any", 1), threading.Event(), itertools.count()

    def feed() -> None:
        while not over.wait(0.05):
            batch.put(f"{next(count)}.csv", content)

    def model_of(number: int) -> str:
        found = list(csv.DictReader(io.StringIO(batch.wait(batch.output / f"{number}.csv", 120).decode())))
        scores = [float(row["male"]) for row in found]
        (model,) = [name for name, wanted in males.items() if scores == pytest.approx(wanted, abs=1e-6)]
        return model

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        batch.wait(batch.output / "20.csv")
        done = swap(SwapRequest("shared", second))
        swapped_at, by_node = next(count), scored_on()
        # Numbers from here on were put after the swap, but for one that was being put.
        assert wait_for(lambda: (batch.output / f"{swapped_at + 20}.csv").exists())
    finally:
        over.set()
        feeder.join()
    last = next(count)
    models = {number: model_of(number) for number in range(last) if number != swapped_at}
    assert models[0] == "first"
    assert {model for number, model in models.items() if number > swapped_at + 1} == {"second"}
    (told,) = scoring_processors.find(deployed.find("shared")).states()
    assert [one["model.sha256"] for one in told.nodes] == [sha256(second)] * 2
    assert wait_for(lambda: all(scored_on()[node] > before for node, before in by_node.items()))
    assert list(batch.failed.iterdir()) == list(batch.rejected.iterdir()) == []
    print(
        f"\n{len(models)} files, {list(models.values()).count('first')} by the first model, "
        f"{list(models.values()).count('second')} by the second; scored by node before the end of the swap {by_node}, "
        f"at the end {scored_on()}; the swap says {done.paused_seconds:.2f} s"
    )
    assert rollback("shared").new == done.old


def test_a_killed_node_comes_back_and_no_row_is_lost(cluster: LocalCluster, samples: Path, batch: Folders) -> None:
    files, times = 60, 60
    for number in range(files):
        batch.put(f"{number}.csv", rows(samples, str(number), times))
    assert wait_for(lambda: len(list(batch.output.glob("*.csv"))) > 5)
    second = cluster.nodes[1]
    pid = second.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    before = len(list(batch.output.glob("*.csv")))
    assert before < files
    assert wait_for(lambda: not second.status().running)
    # The other goes on: new files come out while this node is gone, and the cluster says that it is.
    # Before the other has seen that, and after.
    refuse_to_deploy(samples)
    assert wait_for(lambda: status_of(cluster)["nodes"][1]["state"] == "DISCONNECTED")
    refuse_to_deploy(samples)
    assert {one.name for one in deployed.find_all()} == {"shared"}
    told = {one.check: one for one in examine.examine("2.3.0", [cluster.dir])}
    assert (told["nodes"].state, "NiFi refuses changes" in str(told["nodes"].fix)) == ("problem", True)
    assert told["log level"].state == "ok"
    batch.put("meanwhile.csv", rows(samples, "meanwhile", 1))
    batch.wait(batch.output / "meanwhile.csv", 120)
    first_pid = cluster.nodes[0].status().pid
    # With one more, which has to fetch what the others have.
    again = cluster.start(nodes=3, heap="512m")
    assert [node.state for node in again.nodes] == ["CONNECTED"] * 3
    assert again.nodes[0].pid == first_pid
    assert again.nodes[1].pid != pid
    assert has_all(cluster.nodes[2], samples)
    expected = predictions(samples) * times
    for number in range(files):
        found = list(csv.DictReader(io.StringIO(batch.wait(batch.output / f"{number}.csv", 120).decode())))
        assert [row["predict"] for row in found] == expected
        assert {row["file"] for row in found} == {str(number)}
    assert not list(batch.failed.iterdir())
    assert not list(batch.rejected.iterdir())


def refuse_to_deploy(samples: Path) -> None:
    """Changes of a flow, while a node is away: refused with a code of their own, and nothing changed."""
    for change in (
        lambda: deploy(Request("batch-files", samples / "penguins.mojo", name="other", parameters=FOLDERS)),
        lambda: swap(SwapRequest("shared", samples / "penguins.mojo")),
        lambda: start_stop.stop("shared"),
    ):
        with pytest.raises(NodeAwayError) as told:
            change()
        print(f"\n{told.value}")
        assert "tart that node" in str(told.value)
        assert "take it out of the cluster" in str(told.value)


def test_a_node_is_for_clusters_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not one"):
        CliRunner().invoke(app, ["logs", "--dir", str(tmp_path), "--node", "1"], catch_exceptions=False)
