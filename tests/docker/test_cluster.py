"""Three nodes in an engine: they find each other, score alike, and go on while one of them is gone."""

from __future__ import annotations

import csv
import io
import json
import secrets
import subprocess
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from dai_nifi.client.connection import connect
from dai_nifi.client.node_api import NodeApi
from dai_nifi.errors import NodeAwayError, ToolError
from dai_nifi.local.assembly import version
from dai_nifi.operations import start_stop
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.status import status
from tests.docker.engine import Compose, answered, docker, up, wait_until, wait_until_healthy
from tests.support.nifi.batch_flow import Folders
from tests.support.nifi.cluster import predictions, rows, scored_on
from tests.support.nifi.http import expected
from tests.support.ports import free_port

pytestmark = [pytest.mark.nifi, pytest.mark.usefixtures("elsewhere")]

NODES = ("nifi-1", "nifi-2", "nifi-3")
KINDS = ("input", "output", "rejected", "failed")


@pytest.fixture(scope="module")
def cluster(docker_compose_command: str, setting: Path, zookeeper: str) -> Iterator[Compose]:
    ports = {f"{kind}_PORT_{number}": str(free_port()) for kind in ("NIFI", "SCORE") for number in (1, 2, 3)}
    settings = {"NIFI_SENSITIVE_PROPS_KEY": secrets.token_hex(12), "NIFI_JVM_HEAP_MAX": "700m"}
    environment = {**ports, **settings, "ZOOKEEPER_IMAGE": zookeeper}
    with up(docker_compose_command, setting / "docker" / "compose.cluster.yaml", "cluster", environment) as made:
        began = time.monotonic()
        for node in NODES:
            wait_until_healthy(made.container(node))
        wait_until_connected(made)
        print(f"\nthree nodes are connected {time.monotonic() - began:.0f} s after their containers were started")
        yield made


def url(cluster: Compose, node: str) -> str:
    return f"http://{cluster.address(node, 8080)}"


def seen_by(cluster: Compose, node: str) -> dict[str, tuple[str, list[str]]]:
    """State and roles of each node, as one of them says."""
    try:
        told = NodeApi(f"{url(cluster, node)}/nifi-api").get("/controller/cluster")["cluster"]["nodes"]
    except ToolError:
        # It has not joined yet, or has lost the others.
        return {}
    return {one["address"]: (one["status"], one["roles"]) for one in told}


def states(cluster: Compose, node: str) -> dict[str, str]:
    return {name: state for name, (state, _) in seen_by(cluster, node).items()}


def wait_until_seen(cluster: Compose, node: str, wanted: dict[str, str]) -> None:
    """Until a node says that these are in these states."""
    wait_until(lambda: wanted.items() <= states(cluster, node).items(), lambda: states(cluster, node))


def wait_until_connected(cluster: Compose) -> None:
    """Until every node says so of all."""
    for node in NODES:
        wait_until_seen(cluster, node, dict.fromkeys(NODES, "CONNECTED"))


@pytest.fixture(scope="module")
def endpoints(cluster: Compose, samples: Path) -> dict[str, str]:
    """Where each node scores, with the flow deployed from outside to one of them."""
    connect(url(cluster, "nifi-2"))
    parameters = {"http.host": "0.0.0.0", "http.port": "8081"}
    assert deploy(Request("realtime-http", samples / "penguins.mojo", parameters=parameters)).running
    return {node: f"http://{cluster.address(node, 8081)}/score" for node in NODES}


def test_every_node_knows_of_all_and_listens_on_loopback(cluster: Compose) -> None:
    roles = [role for _, those in seen_by(cluster, "nifi-1").values() for role in those]
    assert sorted(roles) == ["Cluster Coordinator", "Primary Node"]
    for node in NODES:
        assert states(cluster, node) == dict.fromkeys(NODES, "CONNECTED")
        bound = json.loads(docker("inspect", cluster.container(node)))[0]["NetworkSettings"]["Ports"]
        assert {one["HostIp"] for port in bound.values() for one in port} == {"127.0.0.1"}


def test_every_node_scores(endpoints: dict[str, str], samples: Path) -> None:
    asked = (samples / "penguins-rows.csv").read_text()
    assert {node: answered(endpoint, asked) for node, endpoint in endpoints.items()} == dict.fromkeys(
        NODES, expected(samples)
    )


def test_files_are_shared_out_over_all_nodes(cluster: Compose, setting: Path, samples: Path) -> None:
    connect(url(cluster, "nifi-3"))
    folders = Folders("batch-files", *(setting / "files" / kind for kind in KINDS))
    for kind in KINDS:
        (setting / "files" / kind).mkdir()
        (setting / "files" / kind).chmod(0o777)
    parameters = {f"{kind}.directory": f"/files/{kind}" for kind in KINDS}
    deploy(Request("batch-files", samples / "penguins.mojo", parameters={**parameters, "minimum.age": "0 sec"}))
    for number in range(12):
        folders.put(f"{number}.csv", rows(samples, str(number), 1))
    for number in range(12):
        found = list(csv.DictReader(io.StringIO(folders.wait(folders.output / f"{number}.csv").decode())))
        assert [row["predict"] for row in found] == predictions(samples)
    wait_until(
        lambda: scored_on("batch-files") == dict.fromkeys((f"{node}:8080" for node in NODES), 4),
        lambda: scored_on("batch-files"),
    )


def test_a_node_that_is_taken_out_is_not_healthy(cluster: Compose) -> None:
    api = NodeApi(f"{url(cluster, 'nifi-1')}/nifi-api")
    nodes = {one["address"]: one["nodeId"] for one in api.get("/controller/cluster")["cluster"]["nodes"]}
    place = f"/controller/cluster/nodes/{nodes['nifi-2']}"

    def change(wanted: str) -> None:
        api.send("PUT", place, {"node": {"nodeId": nodes["nifi-2"], "status": wanted}})

    health = ["docker", "exec", cluster.container("nifi-2"), "python3", "/opt/nifi/dai/health.py"]
    change("DISCONNECTING")
    try:
        wait_until_seen(cluster, "nifi-1", {"nifi-2": "DISCONNECTED"})
        told = subprocess.run(health, capture_output=True, text=True, check=False)
        assert (told.returncode, told.stderr) == (1, "NiFi answers, but is not connected to its cluster\n")
    finally:
        change("CONNECTING")
        wait_until_connected(cluster)
    assert subprocess.run(health, capture_output=True, text=True, check=True).stdout == f"NiFi {version()}\n"


def test_a_killed_node_comes_back_and_the_others_score_meanwhile(
    cluster: Compose, endpoints: dict[str, str], samples: Path
) -> None:
    asked, wanted = (samples / "penguins-rows.csv").read_text(), expected(samples)
    # The one that leads: another has to take over.
    (killed,) = [node for node, (_, roles) in seen_by(cluster, "nifi-1").items() if "Cluster Coordinator" in roles]
    left = [node for node in NODES if node != killed]
    began = time.monotonic()
    docker("kill", cluster.container(killed))
    assert [answered(endpoints[node], asked) for node in left] == [wanted, wanted]
    for node in left:
        wait_until_seen(cluster, node, {killed: "DISCONNECTED"})
    print(f"\nthe others say after {time.monotonic() - began:.0f} s that {killed} is gone")
    assert [answered(endpoints[node], asked) for node in left] == [wanted, wanted]
    connect(url(cluster, left[0]))
    with pytest.raises(NodeAwayError, match=killed):
        start_stop.stop("realtime-http")
    began = time.monotonic()
    docker("start", cluster.container(killed))
    wait_until_healthy(cluster.container(killed))
    wait_until_connected(cluster)
    wait_until(lambda: scores(endpoints[killed], asked) == wanted, lambda: docker("logs", cluster.container(killed)))
    print(f"it is connected and scores again {time.monotonic() - began:.0f} s after its start")
    assert [answered(endpoints[node], asked) for node in left] == [wanted, wanted]
    assert status("realtime-http").state == "running"


def scores(endpoint: str, asked: str) -> list[tuple[str, float, float]] | None:
    """As answered(), None where nothing listens yet."""
    try:
        return answered(endpoint, asked)
    except (urllib.error.URLError, ConnectionError):
        return None
