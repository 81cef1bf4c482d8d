"""The settings of the scoring processor as parameters, in a real NiFi: set, kept, and taken away again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dai_nifi.errors import UsageError
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.deployment import replacement
from dai_nifi.operations.undeploy import undeploy
from tests.support.nifi.batch_flow import deploy_batch
from tests.support.nifi.instance import NiFi

pytestmark = pytest.mark.nifi


def test_settings_are_set_kept_and_taken_away(
    nifi: NiFi, record_services: dict[str, str], samples: Path, tmp_path: Path
) -> None:
    rows = (samples / "penguins-rows.csv").read_bytes().splitlines()
    row = dict(zip(rows[0].decode().split(","), rows[1].decode().split(","), strict=True))
    given = {"output.columns": "id columns and predictions", "id.columns": "island", "prediction.prefix": "p_"}
    folders = deploy_batch("settings", samples / "penguins.mojo", tmp_path, further=given)
    try:
        folders.put("a.csv", b"\n".join(rows[:2]))
        assert folders.wait(folders.output / "a.csv").splitlines()[0] == b"island,p_predict,p_female,p_male"
        with pytest.raises(UsageError, match="NiFi has none with 'no-such-id'"):
            deploy(
                Request(
                    "batch-files", name="settings", parameters={"record.reader": "no-such-id", "record.writer": "x"}
                )
            )
        swapped = dict(zip(record_services, reversed(record_services.values()), strict=True))
        with pytest.raises(UsageError, match=r"must be a RecordReaderFactory; record\.writer"):
            deploy(Request("batch-files", name="settings", parameters=swapped))
        deploy(Request("batch-files", name="settings", parameters=record_services))
        kept = deploy(Request("batch-files", name="settings"))
        assert kept.action == "unchanged"
        assert {name: kept.parameters[name] for name in record_services} == record_services
        folders.put("b.json", json.dumps([row]))
        (scored,) = json.loads(folders.wait(folders.output / "b.json"))
        assert list(scored) == ["island", "p_predict", "p_female", "p_male"]
        # NiFi 2.3 cannot download a flow in which a property for a service refers to a parameter without a value.
        assert replacement.export(deployed.find("settings").id)["flowContents"]["name"] == "settings"
        away = deploy(Request("batch-files", name="settings", parameters=dict.fromkeys(record_services, "")))
        assert "remove the value of record.reader" in away.changes
        folders.put("c.csv", b"\n".join(rows[:2]))
        assert folders.wait(folders.output / "c.csv").splitlines()[0] == b"island,p_predict,p_female,p_male"
        assert replacement.export(deployed.find("settings").id)
    finally:
        undeploy("settings", force=True)
