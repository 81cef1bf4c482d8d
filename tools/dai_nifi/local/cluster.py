"""A cluster of local NiFis: a folder with a folder for each node, and the processes on them.

The first node also runs the ZooKeeper by which the nodes find each other. What all share is in the cluster's folder:
the ports, the certificates, and the key of sensitive values.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dai_nifi.client.node_api import NodeApi
from dai_nifi.errors import ConflictError, NiFiUnreachableError, NotFoundError, ToolError
from dai_nifi.local import config, instance, security
from dai_nifi.local.certificates import Certificates
from dai_nifi.local.cluster_member import ClusterMember
from dai_nifi.local.instance import DEFAULT_HEAP, DEFAULT_TIMEOUT, LocalNiFi
from dai_nifi.local.ports import LOOPBACK, claim_port, free_port
from dai_nifi.local.states import Node, RunningNiFi, Status
from dai_nifi.waiting import wait_until
from dai_scoring.progress import Progress, silent
from dai_scoring.provision import cache

_PLAN = "cluster.json"
_CONNECTED = "CONNECTED"


@dataclass(frozen=True)
class _Ports:
    web: int
    protocol: int
    load_balance: int


@dataclass(frozen=True)
class _Plan:
    """What ``cluster.json`` keeps: the ports, the same for the life of the cluster if they stay free."""

    zookeeper: int
    nodes: tuple[_Ports, ...]


def open_local(directory: Path) -> LocalNiFi | LocalCluster:
    """The cluster in a folder, or the single NiFi that is, or will be, there."""
    cluster = LocalCluster(directory)
    return cluster if cluster.exists else LocalNiFi(directory)


class LocalCluster:
    """The local cluster of one folder, made on first start; everything it writes is inside."""

    def __init__(self, directory: Path) -> None:
        self.dir = directory.expanduser().absolute()
        self.certificates = Certificates(self.dir / instance.TLS)
        self._plan_file = self.dir / _PLAN

    @property
    def exists(self) -> bool:
        """Whether the folder is a cluster's."""
        return self._plan_file.is_file()

    @property
    def nodes(self) -> list[LocalNiFi]:
        """Its nodes, in order."""
        return [self._node(number) for number in range(1, len(self._plan().nodes) + 1)]

    def node(self, number: int) -> LocalNiFi:
        """The node of that number, counted from 1; raises NotFoundError if there is no such node."""
        count = len(self.nodes)
        if not 1 <= number <= count:
            raise NotFoundError(f"the cluster of {self.dir} has the nodes 1 to {count}, and no node {number}")
        return self._node(number)

    def start(
        self,
        port: int | None = None,
        *,
        nodes: int | None = None,
        python: str | None = None,
        heap: str = DEFAULT_HEAP,
        timeout: float = DEFAULT_TIMEOUT,
        properties: Mapping[str, str] | None = None,
        secure: bool = False,
        progress: Progress = silent,
    ) -> RunningNiFi:
        """Start the nodes that do not run, and wait until the cluster has connected all of them.

        Args:
            port: the first node's, as of LocalNiFi.start; the others take free ones.
            nodes: how many; None for those there are. More than before join the cluster.
            python: as of LocalNiFi.start, like those that follow; for the nodes that are started now.
            heap: of each node.
            timeout: seconds to wait for each node, and for the cluster.
            properties: keys of nifi.properties.
            secure: HTTPS and client certificates, also between the nodes.
            progress: called with what happens.

        Raises:
            ConflictError: the folder is a single NiFi's, has more nodes than asked for, or a port is taken.
            NiFiUnreachableError: a node ended, or the nodes did not find each other in time; those started now are
                stopped again.
            PrerequisiteError, UsageError, ToolError: as of LocalNiFi.start.

        """
        if not self.exists and (self.dir / "conf").exists():
            raise ConflictError(f"{self.dir} is the folder of a single NiFi. Choose another with --dir for a cluster.")
        with self._locked(progress):
            certificates = self.certificates if secure or self.certificates.exist else None
            plan = self._settle(nodes, port, certificates is not None)
            alive = [node for node in self.nodes if node.status().running]
            if certificates and any(not str(node.status().url).startswith("https") for node in alive):
                raise ConflictError(f"The cluster of {self.dir} runs already, without --secure. Stop it first.")
            if certificates:
                certificates.renew(progress)
            settings = config.Settings(0, python or sys.executable, properties or {}, certificates)
            started = []
            try:
                for number, node in enumerate(self.nodes, 1):
                    of_node = replace(settings, port=plan.nodes[number - 1].web, member=self._member(plan, number))
                    if node.launch(of_node, heap, progress):
                        started.append(node)
                running = [node.wait(timeout, progress) for node in self.nodes]
                progress("waiting until the nodes have found each other", None)
                states = self._wait_until_connected(timeout)
                if certificates:
                    security.grant(self._api(running[0].api), certificates, self.dir)
            except BaseException:
                for node in reversed(started):
                    node.stop()
                raise
        return replace(running[0], dir=self.dir, already_running=not started, nodes=states)

    def stop(self, progress: Progress = silent) -> bool:
        """Stop every node, the one with ZooKeeper last; False if none ran."""
        with self._locked(progress):
            stopped = [node.stop(progress) for node in reversed(self.nodes)]
        return any(stopped)

    def status(self) -> Status:
        """Look at the processes, and at what the cluster says of its nodes; changes nothing."""
        each = [node.status() for node in self.nodes]
        first = next((one for one in each if one.version), next((one for one in each if one.running), each[0]))
        return replace(first, dir=self.dir, nodes=self._states(each))

    def _node(self, number: int) -> LocalNiFi:
        return LocalNiFi(self.dir / f"node-{number}", self.certificates.folder)

    def _member(self, plan: _Plan, number: int) -> ClusterMember:
        ports = plan.nodes[number - 1]
        key = config.sensitive_key(self.dir / config.KEY_FILE)
        return ClusterMember(len(plan.nodes), ports.protocol, ports.load_balance, plan.zookeeper, number == 1, key)

    def _wait_until_connected(self, timeout: float) -> tuple[Node, ...]:
        def states() -> tuple[Node, ...]:
            return self._states([node.status() for node in self.nodes])

        def not_formed(why: str, found: tuple[Node, ...], of: Sequence[Node]) -> NiFiUnreachableError:
            states = ", ".join(f"{one.name}: {one.state or 'not seen'}" for one in found)
            logs = ", ".join(str(one.log) for one in of)
            return NiFiUnreachableError(f"The cluster did not form: {why} ({states}). Its logs: {logs}")

        def connected() -> tuple[Node, ...] | None:
            found = states()
            if all(one.state == _CONNECTED for one in found):
                return found
            ended = [one for one in found if not one.running]
            if ended:
                raise not_formed(f"{ended[0].name} ended", found, ended)
            return None

        def late() -> NiFiUnreachableError:
            found = states()
            return not_formed(f"not all are connected within {timeout:g} s", found, found)

        return wait_until(connected, timeout, late, pause=0.5)

    def _states(self, each: list[Status]) -> tuple[Node, ...]:
        """The state of all nodes, as the first node that answers reports it."""
        seen: dict[int, Any] = {}
        for one in each:
            if one.version and one.api and (found := self._seen_by(one.api)):
                seen = found
                break
        found_nodes = []
        for number, (ports, one) in enumerate(zip(self._plan().nodes, each, strict=True), 1):
            node, seen_node = self._node(number), seen.get(ports.web, {})
            url = one.url or f"http{'s' if self.certificates.exist else ''}://{LOOPBACK}:{ports.web}/nifi"
            roles = tuple(seen_node.get("roles", ()))
            name = f"node-{number}"
            found_nodes.append(
                Node(name, one.running, seen_node.get("status"), roles, url, one.pid, node.dir, node.log)
            )
        return tuple(found_nodes)

    def _seen_by(self, api: str) -> dict[int, Any]:
        try:
            nodes = self._api(api).get("/controller/cluster")["cluster"]["nodes"]
        except ToolError:
            # It has not joined yet, or lost the others.
            return {}
        return {one["apiPort"]: one for one in nodes}

    def _api(self, api: str) -> NodeApi:
        return NodeApi(api, security.tls(self.certificates) if api.startswith("https") else None)

    def _plan(self) -> _Plan:
        try:
            found = json.loads(self._plan_file.read_text(encoding="utf-8"))
            return _Plan(found["zookeeper"], tuple(_Ports(**one) for one in found["nodes"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ToolError(f"{self._plan_file} is not readable ({error})") from error

    def _settle(self, nodes: int | None, port: int | None, secured: bool) -> _Plan:
        """The plan for so many nodes, written down; ports of what runs stay."""
        default = instance.DEFAULT_SECURE_PORT if secured else instance.DEFAULT_PORT
        if self.exists:
            plan = self._plan()
            alive = [node.status().running for node in self.nodes]
        else:
            plan, alive = _Plan(0, (_Ports(default, 0, 0),)), [False]
        if nodes is not None and nodes < len(plan.nodes):
            raise ConflictError(
                f"The cluster of {self.dir} has {len(plan.nodes)} nodes and not {nodes}. Take a node out of it on "
                "NiFi's page of the cluster, which moves its FlowFiles to the others."
            )
        if port is not None and port != plan.nodes[0].web:
            if alive[0] and port != 0:
                raise ConflictError(f"The cluster of {self.dir} runs already, on port {plan.nodes[0].web}, not {port}.")
            if not alive[0]:
                plan = replace(plan, nodes=(replace(plan.nodes[0], web=claim_port(port)), *plan.nodes[1:]))
        wanted = max(nodes or 0, len(plan.nodes))
        ports = list(plan.nodes) + [_Ports(0, 0, 0)] * (wanted - len(plan.nodes))
        alive += [False] * (wanted - len(alive))
        taken = {one for each in plan.nodes for one in asdict(each).values()} | {plan.zookeeper}
        for index, (each, runs) in enumerate(zip(ports, alive, strict=True)):
            if not runs:
                # What somebody chose is said to be taken rather than changed.
                own = each.web if index == 0 else _free(each.web, taken)
                ports[index] = _Ports(own, _free(each.protocol, taken), _free(each.load_balance, taken))
        zookeeper = plan.zookeeper if any(alive) else _free(plan.zookeeper, taken)
        plan = _Plan(zookeeper, tuple(ports))
        self._plan_file.write_text(json.dumps(asdict(plan), indent=2), encoding="utf-8")
        return plan

    @contextmanager
    def _locked(self, progress: Progress) -> Iterator[None]:
        lock = self.dir / ".lock"
        with cache.locked(lock, lambda: progress("waiting for another start or stop here", None)):
            yield


def _free(port: int, taken: set[int]) -> int:
    """The port if nothing listens there now, else another that no node has been given."""
    if port:
        try:
            return claim_port(port)
        except ConflictError:
            pass
    while (found := free_port()) in taken:
        continue
    taken.add(found)
    return found
