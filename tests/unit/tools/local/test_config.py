"""What is written into an instance's ``conf``, read back by the rules of Java's properties files."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from dai_nifi.errors import UsageError
from dai_nifi.local import config
from dai_nifi.local.assembly import Assembly
from dai_nifi.local.certificates import Certificates
from dai_nifi.local.cluster_member import ClusterMember


def read(text: str) -> dict[str, str]:
    """Parse what this project writes: one key a line, ``=`` without blanks, Java's escapes."""
    pairs = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {key: unescape(value) for key, _, value in pairs}


def unescape(value: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found[1]
        return chr(int(code[1:], 16)) if code[0] == "u" else {"n": "\n", "r": "\r", "t": "\t"}.get(code, code)

    units = re.sub(r"\\(u[0-9a-f]{4}|.)", one, value)
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be")


def settings(**properties: str) -> config.Settings:
    named = {key.replace("__", "."): value for key, value in properties.items()}
    return config.Settings(18080, "/usr/bin/python3", named)


def test_the_instance_s_values_are_in_their_places(tmp_path: Path) -> None:
    found = read(config.render_properties(Assembly(tmp_path), settings(), "k" * 16))
    assert found["nifi.web.http.port"] == "18080"
    assert found["nifi.web.http.host"] == "127.0.0.1"
    assert found["nifi.nar.library.directory"] == str(tmp_path / "lib")
    assert found["nifi.python.framework.source.directory"] == str(tmp_path / "python" / "framework")
    assert found["nifi.python.command"] == "/usr/bin/python3"
    assert found["nifi.sensitive.props.key"] == "k" * 16


def test_nothing_but_http_listens_and_only_on_loopback(tmp_path: Path) -> None:
    found = read(config.render_properties(Assembly(tmp_path), settings(), "k" * 16))
    listening = {key for key, value in found.items() if key.endswith(".port") and value}
    assert listening == {"nifi.web.http.port"}


@pytest.mark.parametrize(
    "path", ["/with space/x", " leading", "C:\\Users\\me", "/größe/モデル/🙂", "a=b:c#d!e", "tab\there"]
)
def test_any_path_survives(path: str, tmp_path: Path) -> None:
    text = config.render_properties(Assembly(tmp_path), config.Settings(1, path), "k" * 16)
    assert text.isascii()
    assert read(text)["nifi.python.command"] == path


def test_properties_replace_and_extend_the_template(tmp_path: Path) -> None:
    plain = read(config.render_properties(Assembly(tmp_path), settings(), "k" * 16))
    changed = read(
        config.render_properties(
            Assembly(tmp_path),
            config.Settings(
                18080,
                "/usr/bin/python3",
                {"nifi.bored.yield.duration": "5 millis", "nifi.new.key": r"a\1$b"},
            ),
            "k" * 16,
        )
    )
    assert changed == plain | {"nifi.bored.yield.duration": "5 millis", "nifi.new.key": r"a\1$b"}


def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two words"):
        config.render_properties(Assembly(tmp_path), config.Settings(1, "p", {"two words": "x"}), "k" * 16)


def test_the_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    config.write(conf, Assembly(tmp_path), settings())
    first = read((conf / "nifi.properties").read_text("ascii"))["nifi.sensitive.props.key"]
    config.write(conf, Assembly(tmp_path), settings())
    assert read((conf / "nifi.properties").read_text("ascii"))["nifi.sensitive.props.key"] == first
    assert len(first) >= 12
    assert (conf / "nifi.properties").stat().st_mode & 0o077 == 0
    assert (conf / "sensitive-properties.key").stat().st_mode & 0o077 == 0


def test_every_xml_file_is_written_and_well_formed(tmp_path: Path) -> None:
    config.write(tmp_path / "conf", Assembly(tmp_path), settings())
    roots = {file.name: ElementTree.parse(file).getroot().tag for file in (tmp_path / "conf").glob("*.xml")}
    assert roots == {
        "authorizers.xml": "authorizers",
        "logback.xml": "configuration",
        "login-identity-providers.xml": "loginIdentityProviders",
        "state-management.xml": "stateManagement",
    }


def test_a_secured_nifi_listens_with_tls_only_and_its_passwords_are_private(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "tls")
    certificates.ensure()
    conf = tmp_path / "conf"
    config.write(conf, Assembly(tmp_path), config.Settings(18443, "python", certificates=certificates))
    found = read((conf / "nifi.properties").read_text("ascii"))
    assert {key: value for key, value in found.items() if key.endswith(".port") and value} == {
        "nifi.web.https.port": "18443"
    }
    assert found["nifi.web.https.host"] == "127.0.0.1"
    assert found["nifi.web.http.host"] == ""
    assert found["nifi.security.keystorePasswd"] == certificates.stores_password
    assert found["nifi.security.allow.anonymous.authentication"] == "false"
    assert (conf / "nifi.properties").stat().st_mode & 0o077 == 0
    users = ElementTree.parse(conf / "authorizers.xml").findall(".//property")
    assert {one.get("name"): one.text for one in users}["Initial Admin Identity"] == "CN=dai-nifi admin"


def test_a_node_of_a_cluster_has_its_ports_and_the_key_of_all(tmp_path: Path) -> None:
    member = ClusterMember(3, 1001, 1002, 1003, runs_zookeeper=True, sensitive_key="k" * 16)
    for number, one in enumerate((member, replace(member, runs_zookeeper=False))):
        conf = tmp_path / str(number)
        config.write(conf, Assembly(tmp_path), config.Settings(18080, "python", member=one))
        found = read((conf / "nifi.properties").read_text("ascii"))
        assert found["nifi.sensitive.props.key"] == "k" * 16
        assert found["nifi.zookeeper.connect.string"] == "127.0.0.1:1003"
        assert found["nifi.cluster.node.protocol.port"] == "1001"
        assert found["nifi.cluster.protocol.is.secure"] == "false"
        assert found["nifi.state.management.embedded.zookeeper.start"] == str(one.runs_zookeeper).lower()
        assert (conf / "zookeeper.properties").exists() is one.runs_zookeeper
        state = ElementTree.parse(conf / "state-management.xml").find("cluster-provider/property")
        assert state is not None
        assert state.text == "127.0.0.1:1003"
