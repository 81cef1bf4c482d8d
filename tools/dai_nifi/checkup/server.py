"""NiFi itself, as its API tells: version, Java, nodes, disks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import nipyapi

from dai_nifi.checkup.finding import OK, PROBLEM, UNKNOWN, Finding
from dai_nifi.flows.builder import NIFI_VERSION
from dai_nifi.flows.rest import if_permitted, nifi_calls
from dai_nifi.nifi.jdk import MINIMUM

# NiFi stops taking in data when a disk is full, and indexes less well before.
_FULL = 0.95
_FREE = 1 << 30


def examine(version: str) -> Iterator[Finding]:
    """Look at the connected NiFi of that version."""
    yield _version(version)
    yield _nodes()
    whole = if_permitted(
        lambda: nipyapi.nifi.SystemDiagnosticsApi().get_system_diagnostics().system_diagnostics.aggregate_snapshot
    )
    if whole is None:
        why = "this user may not see NiFi's system diagnostics"
        yield Finding("Java", UNKNOWN, why)
        yield Finding("disk", UNKNOWN, why)
        return
    yield _java(whole)
    yield _disk(whole)


def _version(version: str) -> Finding:
    if version == NIFI_VERSION:
        return Finding("NiFi", OK, f"{version}, which all tests run on")
    if not version.startswith("2."):
        return Finding("NiFi", PROBLEM, f"{version} does not run Python processors as 2.x does", "Use NiFi 2.x.")
    return Finding("NiFi", OK, f"{version}; tests run on {NIFI_VERSION}, other 2.x should do")


def _nodes() -> Finding:
    with nifi_calls():
        summary = nipyapi.nifi.FlowApi().get_cluster_summary().cluster_summary
    if not summary.clustered:
        return Finding("nodes", OK, "one NiFi, no cluster")
    says = f"{summary.connected_nodes} nodes are connected"
    if summary.connected_node_count == summary.total_node_count:
        return Finding("nodes", OK, says)
    return Finding(
        "nodes", PROBLEM, says, "Start the others or remove them: NiFi refuses changes of the flow meanwhile."
    )


def _java(whole: Any) -> Finding:
    version = str(whole.version_info.java_version)
    found = re.match(r"\d+", version)
    says = f"Java {version} of {whole.version_info.java_vendor}"
    if found is None or int(found[0]) >= MINIMUM:
        return Finding("Java", OK, says)
    return Finding("Java", PROBLEM, says, f"Run NiFi on Java {MINIMUM} or newer: set JAVA_HOME where it is started.")


def _disk(whole: Any) -> Finding:
    stores = [
        ("flowfile", whole.flow_file_repository_storage_usage),
        *(("content", one) for one in whole.content_repository_storage_usage or []),
        *(("provenance", one) for one in whole.provenance_repository_storage_usage or []),
    ]
    found = [(name, int(one.free_space_bytes), int(one.total_space_bytes)) for name, one in stores if one is not None]
    full = [
        f"the disk of the {name} repository has {free / 1e9:.1f} GB of {total / 1e9:.0f} GB left"
        for name, free, total in found
        if total and (1 - free / total > _FULL or free < _FREE)
    ]
    if full:
        return Finding(
            "disk", PROBLEM, "; ".join(full), "Make room, or move the repositories (nifi.properties) to a larger disk."
        )
    least = min((free for _, free, _ in found), default=0)
    return Finding("disk", OK, f"{least / 1e9:.0f} GB free for NiFi's repositories")
