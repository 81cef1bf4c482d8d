"""NiFi itself, by its API: version, Java, nodes, disks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dai_nifi.checkup.finding import OK, PROBLEM, UNKNOWN, Finding
from dai_nifi.client import api
from dai_nifi.flows.parts import NIFI_VERSION
from dai_nifi.local.java import MINIMUM

# NiFi stops taking in data when a disk is full, and indexes less well before.
_FULL = 0.95
_FREE = 1 << 30


def examine(version: str) -> Iterator[Finding]:
    """Check the connected NiFi of that version."""
    yield of_version(version)
    yield _nodes()
    machines = api.if_permitted(_machines)
    if machines is None:
        why = "this user may not see NiFi's system diagnostics"
        yield Finding("Java", UNKNOWN, why)
        yield Finding("disk", UNKNOWN, why)
        return
    yield _java(machines)
    yield _disk(machines)


def _machines() -> dict[str, Any]:
    """NiFi's diagnostics by node (" on HOST:PORT"): the sum over nodes would hide a full disk of one."""
    said = api.system_diagnostics.get_system_diagnostics(nodewise=True).system_diagnostics
    nodes = {f" on {one.address}:{one.api_port}": one.snapshot for one in said.node_snapshots or []}
    return nodes or {"": said.aggregate_snapshot}


def of_version(version: str) -> Finding:
    """Whether this version of NiFi works."""
    if version == NIFI_VERSION:
        return Finding("NiFi", OK, f"{version}, which all tests run on")
    if not version.startswith("2."):
        return Finding(
            "NiFi", PROBLEM, f"{version} does not run Python processors as 2.x does", "Use NiFi 2.1 or newer."
        )
    if version.startswith("2.0."):
        says = f"{version} does not let Python processors keep state, without which these do not load"
        return Finding("NiFi", PROBLEM, says, "Use NiFi 2.1 or newer.")
    return Finding("NiFi", OK, f"{version}; tests run on {NIFI_VERSION}, others from 2.1 on should do")


def _nodes() -> Finding:
    summary = api.flow.get_cluster_summary().cluster_summary
    if not summary.clustered:
        return Finding("nodes", OK, "one NiFi, no cluster")
    says = f"{summary.connected_nodes} nodes are connected"
    if summary.connected_node_count == summary.total_node_count:
        return Finding("nodes", OK, says)
    return Finding("nodes", PROBLEM, says, "Start the others or remove them: NiFi refuses changes to flows until then.")


def _java(machines: dict[str, Any]) -> Finding:
    known = {where: one.version_info for where, one in machines.items()}
    said = {where: f"Java {one.java_version} of {one.java_vendor}" for where, one in known.items()}
    old = [said[where] + where for where, one in known.items() if _is_old(str(one.java_version))]
    if old:
        fix = f"Run NiFi on Java {MINIMUM} or newer: set JAVA_HOME where it is started."
        return Finding("Java", PROBLEM, "; ".join(old), fix)
    return Finding("Java", OK, ", ".join(dict.fromkeys(said.values())))


def _is_old(java: str) -> bool:
    found = re.match(r"\d+", java)
    return found is not None and int(found[0]) < MINIMUM


def _disk(machines: dict[str, Any]) -> Finding:
    found = [
        (name + where, int(one.free_space_bytes), int(one.total_space_bytes))
        for where, whole in machines.items()
        for name, one in _stores(whole)
        # NiFi says -1 of a disk that Java cannot find out about, as in a chroot.
        if one is not None and int(one.total_space_bytes) > 0
    ]
    if not found:
        return Finding("disk", UNKNOWN, "NiFi does not say how full its repositories' disks are", "Look with df.")
    full = [
        f"the disk of the {name} has {free / 1e9:.1f} GB of {total / 1e9:.0f} GB left"
        for name, free, total in found
        if 1 - free / total > _FULL or free < _FREE
    ]
    if full:
        return Finding(
            "disk", PROBLEM, "; ".join(full), "Make room, or move the repositories (nifi.properties) to a larger disk."
        )
    least = min(free for _, free, _ in found)
    return Finding("disk", OK, f"{least / 1e9:.0f} GB free for NiFi's repositories")


def _stores(whole: Any) -> list[tuple[str, Any]]:
    return [
        ("flowfile repository", whole.flow_file_repository_storage_usage),
        *(("content repository", one) for one in whole.content_repository_storage_usage or []),
        *(("provenance repository", one) for one in whole.provenance_repository_storage_usage or []),
    ]
