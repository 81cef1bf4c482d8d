"""A NiFi that is not as the tool expects it: without the processors, with older ones, or without a service."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nipyapi
import pytest

from dai_nifi.archives import archive
from dai_nifi.archives.install import install, list_nars, remove
from dai_nifi.archives.spec import GROUP, SPECS
from dai_nifi.client.connection import connect
from dai_nifi.errors import NotFoundError
from dai_nifi.flows import templates
from dai_nifi.flows.common import RUNTIMES
from dai_nifi.local import assembly
from dai_nifi.local.instance import LocalNiFi
from dai_nifi.operations.canvas import deployed
from dai_nifi.operations.deploy import Request, deploy
from dai_nifi.operations.undeploy import undeploy
from tests.support.nifi.batch_flow import deploy_batch
from tests.support.nifi.commands import look, run
from tests.support.nifi.instance import NiFi
from tests.support.project import quiet

pytestmark = pytest.mark.nifi

OLD = "0.0.9"
LACKING = "nifi-http-context-map-nar"


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory, elsewhere: None) -> Iterator[NiFi]:
    """A NiFi whose lib lacks an archive, and which has no archive of ours."""
    folder = tmp_path_factory.mktemp("lean")
    ensure = assembly.ensure

    def without(*arguments: Any) -> assembly.Assembly:
        whole = ensure(*arguments)
        made = assembly.Assembly(folder / "assembly")
        for file in (one for one in whole.root.rglob("*") if one.is_file() and not one.name.startswith(LACKING)):
            target = made.root / file.relative_to(whole.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file) if file.stat().st_dev != folder.stat().st_dev else os.link(file, target)
        return made

    local = LocalNiFi(folder / "nifi")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembly, "ensure", without)
        running = local.start(port=0)
    try:
        url = running.url.removesuffix("/nifi")
        connect(url)
        yield NiFi(url, running.api, running)
    finally:
        local.stop()


@pytest.fixture(scope="module")
def old_nar(java_nar: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive as an earlier version of it would be."""
    spec = SPECS["java"]
    target = tmp_path_factory.mktemp("old") / f"{spec.id}-{OLD}.nar"
    with zipfile.ZipFile(java_nar) as nar:
        entries: dict[str, Path | bytes] = {
            name: nar.read(name) for name in nar.namelist() if not name.endswith("/") and "MANIFEST" not in name
        }
    module = f"{spec.processor}.py"
    text = entries[module]
    assert isinstance(text, bytes)
    present = f'version = "{RUNTIMES["java"].version}"'.encode()
    assert text.count(present) == 1
    entries[module] = text.replace(present, f'version = "{OLD}"'.encode())
    archive.write(target, archive.manifest(GROUP, spec.id, OLD), entries)
    return target


def nothing_is_there() -> bool:
    return not deployed.find_all() and not nipyapi.parameters.list_all_parameter_contexts()


def refused(nifi: NiFi, flow: str, model: Path) -> str:
    """What deploy says for people; it must end with 5 and leave nothing."""
    done = run("deploy", flow, "--model", model, "--url", nifi.url)
    assert (done.returncode, nothing_is_there()) == (5, True), done.stderr
    return done.stderr


def versions(name: str) -> set[str]:
    found = deployed.processors(deployed.find(name).id)
    return {one.component.bundle.version for one in found if one.component.type == "ScoreJavaMojo"}


def test_an_older_archive_is_told_and_the_flow_moves_to_the_new_one(
    lean: NiFi, old_nar: Path, java_nar: Path, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = samples / "penguins.mojo"
    connect(lean.url)
    assert "This NiFi lacks the processor ScoreJavaMojo; the flow needs version" in refused(
        lean, "realtime-http", model
    )
    install(old_nar, quiet)
    said = refused(lean, "realtime-http", model)
    assert f"This NiFi has ScoreJavaMojo {OLD}; the flow needs version {RUNTIMES['java'].version}" in said
    told = look("doctor", "--url", lean.url).stdout
    assert f"ScoreJavaMojo is there in version {OLD}" in told
    definition = templates.definition

    def of_old(name: str, runtime: str) -> Any:
        found = definition(name, runtime)
        for one in found["flowContents"]["processors"]:
            if one["type"] == "ScoreJavaMojo":
                one["bundle"]["version"] = OLD
        return found

    with monkeypatch.context() as patch:
        # As the tool of that version had it.
        patch.setitem(RUNTIMES, "java", replace(RUNTIMES["java"], version=OLD))  # type: ignore[arg-type]
        patch.setattr(templates, "definition", of_old)
        folders = deploy_batch("moves", model, tmp_path)
    try:
        rows = (samples / "penguins-rows.csv").read_bytes()
        folders.put("old.csv", rows)
        before = folders.wait(folders.output / "old.csv")
        assert versions("moves") == {OLD}
        install(java_nar, quiet)
        assert {one.version for one in list_nars()} == {OLD, RUNTIMES["java"].version}
        moved = deploy(Request("batch-files", name="moves"))
        assert (moved.action, moved.running) == ("updated", True)
        assert versions("moves") == {RUNTIMES["java"].version}
        folders.put("new.csv", rows)
        assert folders.wait(folders.output / "new.csv") == before
        remove("ScoreJavaMojo", quiet, OLD)
        assert {one.version for one in list_nars()} == {RUNTIMES["java"].version}
        folders.put("after.csv", rows)
        assert folders.wait(folders.output / "after.csv") == before
    finally:
        undeploy("moves", force=True)


def test_what_a_nifi_lacks_is_told_before_anything_is_changed(lean: NiFi, java_nar: Path, samples: Path) -> None:
    connect(lean.url)
    install(java_nar, quiet)
    model = samples / "penguins.mojo"
    said = refused(lean, "realtime-http", model)
    assert (
        f"This NiFi lacks components of the flow realtime-http: StandardHttpContextMap (no {LACKING} is there). "
        "Nothing was changed"
    ) in said
    told = look("doctor", "--url", lean.url).stdout
    assert "this NiFi lacks StandardHttpContextMap (for realtime-http, realtime-champion-challenger)" in " ".join(
        told.split()
    )
    with pytest.raises(NotFoundError, match="StandardHttpContextMap"):
        deploy(Request("realtime-http", model, dry_run=True))
