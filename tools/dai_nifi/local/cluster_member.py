"""A node's place in a cluster of local NiFis: its ports, and the ZooKeeper that the first node runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

from dai_nifi.local.ports import LOOPBACK

_TEMPLATES = Path(__file__).parent / "files" / "conf"


@dataclass(frozen=True)
class ClusterMember:
    """What one node knows of its cluster; ports are on the loopback interface."""

    nodes: int
    protocol_port: int
    load_balance_port: int
    zookeeper_port: int
    runs_zookeeper: bool
    sensitive_key: str
    """The same for all nodes, since they share one flow with its sensitive values."""

    def properties(self, secured: bool) -> dict[str, str]:
        """The keys of nifi.properties that differ from those of a NiFi on its own."""
        return {
            "nifi.cluster.is.node": "true",
            "nifi.cluster.node.address": LOOPBACK,
            "nifi.cluster.node.protocol.port": str(self.protocol_port),
            "nifi.cluster.protocol.is.secure": str(secured).lower(),
            "nifi.cluster.protocol.heartbeat.interval": "5 sec",
            # Archives and models are passed from node to node within this; NiFi's 5 seconds are too few.
            "nifi.cluster.node.read.timeout": "1 min",
            "nifi.cluster.leader.election.implementation": "CuratorLeaderElectionManager",
            # The flow is elected as soon as all nodes are there; after this time, without those that are missing.
            "nifi.cluster.flow.election.max.candidates": str(self.nodes),
            "nifi.cluster.flow.election.max.wait.time": "1 min",
            "nifi.cluster.load.balance.host": LOOPBACK,
            "nifi.cluster.load.balance.port": str(self.load_balance_port),
            "nifi.cluster.load.balance.connections.per.node": "1",
            "nifi.cluster.load.balance.max.thread.count": "4",
            "nifi.state.management.provider.cluster": "zk-provider",
            "nifi.state.management.embedded.zookeeper.start": str(self.runs_zookeeper).lower(),
            "nifi.state.management.embedded.zookeeper.properties": "./conf/zookeeper.properties",
            "nifi.zookeeper.connect.string": f"{LOOPBACK}:{self.zookeeper_port}",
            "nifi.zookeeper.root.node": "/nifi",
        }

    def write(self, conf: Path) -> None:
        """Write the files that only a node has."""
        values = {"address": LOOPBACK, "port": str(self.zookeeper_port)}
        names = ["state-management-cluster.xml", *(["zookeeper.properties"] if self.runs_zookeeper else [])]
        for name in names:
            text = Template((_TEMPLATES / name).read_text(encoding="utf-8")).substitute(values)
            (conf / name.replace("-cluster", "")).write_text(text, encoding="utf-8")
