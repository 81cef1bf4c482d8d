"""A NiFi with HTTPS and client certificates: who gets in, what they may do, and what is never told."""

from __future__ import annotations

import gzip
import json
import os
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dai_nifi.client.node_api import NodeApi
from dai_nifi.local import security
from dai_nifi.local.certificates import AUTHORITY, Certificates, Pair, issue
from tests.support.nifi.batch_flow import Folders
from tests.support.processes import running_in
from tests.support.waiting import wait_for

pytestmark = pytest.mark.nifi

LICENCE = "a-licence-key-that-nobody-may-see"
NOW = datetime.now(timezone.utc)


@dataclass(frozen=True)
class Said:
    """What a command ended with, and printed."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.out)["error"]
        return found


@dataclass(frozen=True)
class Secured:
    """The folder of a secured NiFi, and the command as its user runs it."""

    dir: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str | Path, **environment: str) -> Said:
        ran = subprocess.run(
            [sys.executable, "-c", "from dai_nifi.__main__ import main; main()", *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return Said(ran.returncode, ran.stdout, ran.stderr)

    def ask(self, *arguments: str | Path, **environment: str) -> Any:
        """What a command that must succeed prints as JSON."""
        said = self.run(*arguments, "--json", **environment)
        assert said.code == 0, said
        return json.loads(said.out)

    @property
    def profiles(self) -> Path:
        return Path(self.environment["NIPYAPI_PROFILES_FILE"])

    @property
    def certificates(self) -> Certificates:
        return Certificates(self.dir / "tls")

    def add_profile(self, name: str, pair: Pair | None = None, **values: str) -> None:
        """A further profile for this NiFi, with another certificate or other values."""
        profile = json.loads(self.profiles.read_text().splitlines()[0].partition(": ")[2]) | values
        if pair is not None:
            profile |= {part: str(self.profiles.with_name(f"{name}.{part}")) for part in ("client_cert", "client_key")}
            Path(profile["client_cert"]).write_bytes(pair.certificate.public_bytes(Encoding.PEM))
            key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            Path(profile["client_key"]).write_bytes(key)
        with self.profiles.open("a") as file:
            file.write(f"{name}: {json.dumps(profile)}\n")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DAI_NIFI_URL", "DRIVERLESS"))}
    local = Secured(
        folder / "nifi",
        {**kept, "NIPYAPI_PROFILES_FILE": str(folder / "profiles.yml"), "DAI_NIFI_DIR": str(folder / "nifi")},
    )
    yield local
    local.run("nifi", "stop")
    assert running_in(folder) == []


@pytest.fixture(scope="module")
def started(secured: Secured) -> dict[str, Any]:
    found: dict[str, Any] = secured.ask("nifi", "start", "--secure", "--port", "0", "--heap", "512m", "--profile", "p")
    return found


@pytest.fixture(scope="module")
def batch(
    secured: Secured, started: dict[str, Any], java_nar: Path, samples: Path, tmp_path_factory: pytest.TempPathFactory
) -> Folders:
    """The archive installed and a flow deployed by the command, with a licence key in the environment."""
    folder = tmp_path_factory.mktemp("batch")
    folders = Folders("batch-files", *(folder / kind for kind in ("input", "output", "rejected", "failed")))
    parameters: list[str] = ["--param", "minimum.age=0 sec"]
    for kind in ("input", "output", "rejected", "failed"):
        (folder / kind).mkdir()
        parameters += ["--param", f"{kind}.directory={folder / kind}"]
    secured.ask("nars", "install", java_nar, "--profile", "p")
    model = samples / "penguins.mojo"
    secured.ask(
        "deploy", "batch-files", "--model", model, *parameters, "--profile", "p", DRIVERLESS_AI_LICENSE_KEY=LICENCE
    )
    return folders


def test_it_tells_how_to_get_in_and_keeps_its_files_private(secured: Secured, started: dict[str, Any]) -> None:
    assert started["url"].startswith("https://127.0.0.1:")
    access = started["access"]
    assert (access["profile"], access["profiles_file"]) == ("p", str(secured.profiles))
    assert access["identity"] == "CN=dai-nifi admin"
    for key in ("certificate", "key", "client_store", "password_file", "authority"):
        assert stat.S_IMODE(Path(access[key]).stat().st_mode) == 0o600
    assert stat.S_IMODE((secured.dir / "tls").stat().st_mode) == 0o700
    assert stat.S_IMODE(secured.profiles.stat().st_mode) == 0o600


def test_without_a_certificate_the_connection_is_refused(secured: Secured, started: dict[str, Any]) -> None:
    context = ssl.create_default_context(cafile=secured.certificates.authority)
    with pytest.raises((ssl.SSLError, ConnectionError, urllib.error.URLError), match=r"(?i)certificate|reset|pipe"):
        urllib.request.urlopen(f"{started['api']}/flow/about", context=context, timeout=30)
    authority = {"TLS_CA_CERT_PATH": str(secured.certificates.authority)}
    said = secured.run("nars", "list", "--url", started["url"], "--json", **authority)
    assert (said.code, said.error["code"]) == (4, "nifi_unreachable")
    assert "needs a client certificate, and none was sent" in said.error["message"]
    plain = secured.run("nars", "list", "--url", started["url"].replace("https", "http"), "--json")
    assert (plain.code, "speaks HTTPS" in plain.error["message"]) == (4, True)


def test_each_wrong_certificate_is_told_apart(secured: Secured, started: dict[str, Any], tmp_path: Path) -> None:
    authority = secured.certificates.pair(AUTHORITY)
    other = Certificates(tmp_path / "other")
    other.ensure()
    day = timedelta(days=1)
    secured.add_profile("somebody", issue("somebody", authority, NOW, NOW + day))
    secured.add_profile("late", issue("dai-nifi admin", authority, NOW - 3 * day, NOW - day))
    secured.add_profile("stranger", issue("dai-nifi admin", other.pair(AUTHORITY), NOW, NOW + day))
    secured.add_profile("distrusting", ca_path=str(other.authority))
    secured.add_profile("lost", client_key=str(tmp_path / "gone.pem"))
    expected = {
        "somebody": (10, "does not let CN=somebody in"),
        "late": (4, f"ended on {NOW - day:%Y-%m-%d}"),
        "stranger": (4, "not an authority that this NiFi trusts"),
        "distrusting": (4, "its certificate is not one to trust"),
        "lost": (4, "gone.pem of the profile is missing"),
        "nobody": (4, "'nobody' not found"),
    }
    for profile, (code, words) in expected.items():
        said = secured.run("status", "--profile", profile, "--json")
        assert (profile, said.code) == (profile, code)
        assert words in said.error["message"]
        assert said.err == ""


def test_every_command_works_by_profile(
    secured: Secured, batch: Folders, started: dict[str, Any], samples: Path, tmp_path: Path
) -> None:
    profile = ("--profile", "p")
    assert [nar["state"] for nar in secured.ask("nars", "list", *profile)] == ["Installed"]
    batch.put("rows.csv", (samples / "penguins-rows.csv").read_bytes())
    lines = batch.wait(batch.output / "rows.csv").splitlines()
    assert len(lines) == len((samples / "penguins-expected.csv").read_text().splitlines())
    assert secured.ask("status", "batch-files", DAI_NIFI_PROFILE="p")["state"] == "running"
    assert secured.ask("stop", "batch-files", *profile)["changed"]
    assert secured.ask("start", "batch-files", *profile)["changed"]
    deploy = ("deploy", "batch-files", "--model", samples / "penguins.mojo", "--param", "minimum.age=1 sec")
    assert secured.ask(*deploy, *profile)["action"] == "updated"
    again = secured.ask("nifi", "start")
    assert (again["already_running"], again["url"], again["access"]) == (True, started["url"], started["access"])


def test_what_a_user_may_not_do_is_refused_and_an_operator_may_stop_and_start(
    secured: Secured, batch: Folders, started: dict[str, Any], samples: Path
) -> None:
    api = NodeApi(started["api"], security.tls(secured.certificates))
    root = api.get("/flow/process-groups/root")["processGroupFlow"]["id"]
    pair = issue("operator", secured.certificates.pair(AUTHORITY), NOW, NOW + timedelta(days=1))
    secured.add_profile("operator", pair)
    user = api.send("POST", "/tenants/users", {"revision": {"version": 0}, "component": {"identity": "CN=operator"}})
    for action, resource in (
        ("read", "/flow"),
        ("read", f"/process-groups/{root}"),
        ("write", f"/operation/process-groups/{root}"),
    ):
        security._grant(api, action, resource, [user["id"]])
    may = ("--profile", "operator")
    # NiFi hears of new policies within moments.
    assert wait_for(lambda: secured.run("status", "--json", *may).code == 0)
    new = ("deploy", "batch-files", "--name", "mine", "--model", samples / "penguins.mojo")
    new += tuple(
        one for kind in ("input", "output", "rejected", "failed") for one in ("--param", f"{kind}.directory=/{kind}")
    )
    for command in (new, ("undeploy", "batch-files", "--force"), ("nars", "list")):
        said = secured.run(*command, "--json", *may)
        assert (command, said.code, said.error["code"]) == (command, 10, "not_permitted")
        assert "Traceback" not in said.err
    assert [one["name"] for one in secured.ask("status", "--profile", "p")] == ["batch-files"]
    stopped = secured.run("stop", "batch-files", *may)
    assert (stopped.code, "going on without a lease" in stopped.err) == (0, True), stopped
    assert secured.run("start", "batch-files", *may).code == 0
    assert secured.ask("status", "batch-files", "--profile", "p")["state"] == "running"


def test_nothing_secret_is_in_a_log_an_export_or_an_answer(
    secured: Secured, batch: Folders, started: dict[str, Any], samples: Path, tmp_path: Path
) -> None:
    made = secured.certificates
    secrets = [LICENCE, made.stores_password, made.client_password.read_text()]
    model = samples / "penguins.mojo"
    again = ("deploy", "batch-files", "--model", model, "--profile", "p", "--json")
    broken = ("deploy", "batch-files", "--model", model, "--profile", "p", "--param", f"licence.key={LICENCE}")
    answers = [
        secured.run(*again, DRIVERLESS_AI_LICENSE_KEY=LICENCE),
        secured.run("status", "batch-files", "--profile", "p", "--json"),
        secured.run("nifi", "status", "--json"),
        secured.run("nifi", "start", "--json"),
        secured.run("flows", "export", "batch-files", tmp_path / "flow.json", "--json"),
        secured.run(*broken, "--json"),
    ]
    assert [said.code for said in answers] == [0, 0, 0, 0, 0, 2]
    context = ssl.create_default_context(cafile=made.authority)
    context.load_cert_chain(made.client, made.client_key)
    group = json.loads(answers[1].out)["id"]
    exported = f"{started['api']}/process-groups/{group}/download?includeReferencedServices=true"
    with urllib.request.urlopen(exported, context=context, timeout=30) as answer:
        of_nifi = answer.read().decode()
    assert "licence.key" in of_nifi
    texts = {f"answer {index}": said.out + said.err for index, said in enumerate(answers)}
    texts |= {"NiFi's export": of_nifi, "our export": (tmp_path / "flow.json").read_text()}
    texts |= {str(file): file.read_text(errors="replace") for file in secured.dir.glob("logs/*") if file.is_file()}
    texts["flow.json.gz"] = gzip.decompress((secured.dir / "conf" / "flow.json.gz").read_bytes()).decode()
    assert len(texts) > 9
    assert not [(where, secret) for where, text in texts.items() for secret in secrets if secret in text]


def test_it_starts_again_with_the_same_certificates(secured: Secured, batch: Folders, started: dict[str, Any]) -> None:
    before = {file.name: file.read_bytes() for file in (secured.dir / "tls").iterdir()}
    assert secured.ask("nifi", "stop")["stopped"]
    status = secured.ask("nifi", "status")
    assert not status["running"]
    assert [(one["name"], one["state"]) for one in status["certificates"]] == [
        ("ca", "valid"),
        ("server", "valid"),
        ("client", "valid"),
    ]
    # Without --secure: once secured, the folder stays so.
    again = secured.ask("nifi", "start", "--port", "0", "--heap", "512m")
    assert (again["url"].split(":")[0], again["access"]["profile"]) == ("https", "p")
    assert {file.name: file.read_bytes() for file in (secured.dir / "tls").iterdir()} == before
    assert wait_for(lambda: secured.ask("status", "batch-files", "--profile", "p")["state"] == "running")
    assert secured.ask("undeploy", "batch-files", "--force", "--profile", "p")["name"] == "batch-files"
    assert secured.ask("nars", "remove", "ScoreJavaMojo", "--profile", "p")
    assert len(secured.run("nifi", "logs", "-n", "2").out.splitlines()) == 2
