"""Files for a flow on a cluster, and which node scored them."""

from __future__ import annotations

import csv
from pathlib import Path

import nipyapi

from dai_nifi.operations.canvas import deployed


def rows(samples: Path, file: str, times: int) -> str:
    """The sample's rows so many times, with a column that says which file they are of."""
    header, *lines = (samples / "penguins-rows.csv").read_text().splitlines()
    return "\n".join([f"{header},file", *(f"{line},{file}" for line in lines * times)]) + "\n"


def predictions(samples: Path) -> list[str]:
    with (samples / "penguins-expected.csv").open(newline="") as file:
        return [row["predict"] for row in csv.DictReader(file)]


def scored_on(name: str = "shared") -> dict[str, int]:
    """How many FlowFiles the scoring processor of each node has taken, by the node's address."""
    flow = deployed.find(name)
    (scorer,) = [one for one in deployed.processors(flow.id) if one.component.name == "Score records"]
    told = nipyapi.nifi.FlowApi().get_processor_status(scorer.id, nodewise=True).processor_status.node_snapshots
    return {f"{one.address}:{one.api_port}": one.status_snapshot.flow_files_in for one in told}
