"""The profile in nipyapi's file: added and brought up to date, while the rest stays as its owner wrote it."""

from __future__ import annotations

from pathlib import Path

import nipyapi
import pytest

from dai_nifi.errors import ConflictError
from dai_nifi.local import profile
from dai_nifi.local.certificates import Certificates

THEIRS = "# my own\nwork:   # the big one\n  nifi_url: https://nifi.example/nifi-api\n  nifi_user: me"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NIPYAPI_PROFILES_FILE", str(tmp_path / "own" / "profiles.yml"))
    return tmp_path / "own" / "profiles.yml"


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    certificates = Certificates(tmp_path / "with: blank" / "tls")
    certificates.ensure()
    return certificates


def test_nipyapi_reads_what_is_written(file: Path, made: Certificates) -> None:
    assert profile.write("dai-nifi", "https://127.0.0.1:1/nifi-api", made) == profile.Profile("dai-nifi", file)
    assert file.stat().st_mode & 0o077 == 0
    found = nipyapi.profiles.resolve_profile_config("dai-nifi")
    assert found["nifi_url"] == "https://127.0.0.1:1/nifi-api"
    assert found["nifi_verify_ssl"] is True
    assert (found["ca_path"], found["client_cert"]) == (str(made.authority), str(made.client))
    assert found["client_key"] == str(made.client_key)


def test_what_others_wrote_stays_to_the_letter(file: Path, made: Certificates) -> None:
    file.parent.mkdir()
    file.write_text(THEIRS)
    profile.write("dai-nifi", "https://127.0.0.1:1/nifi-api", made)
    profile.write("dai-nifi", "https://127.0.0.1:2/nifi-api", made)
    text = file.read_text()
    assert text.startswith(THEIRS + "\n")
    assert text.count("\n") == 5
    assert nipyapi.profiles.load_profiles_from_file()["dai-nifi"]["nifi_url"] == "https://127.0.0.1:2/nifi-api"
    assert profile.name_of(made) == "dai-nifi"


def test_a_name_of_another_nifi_is_refused_until_that_is_gone(file: Path, made: Certificates, tmp_path: Path) -> None:
    other = Certificates(tmp_path / "other")
    other.ensure()
    profile.write("dai-nifi", "https://127.0.0.1:1/nifi-api", other)
    before = file.read_text()
    with pytest.raises(ConflictError, match="for another NiFi"):
        profile.check("dai-nifi", made)
    assert file.read_text() == before
    other.client.unlink()
    profile.write("dai-nifi", "https://127.0.0.1:2/nifi-api", made)
    assert list(nipyapi.profiles.load_profiles_from_file()) == ["dai-nifi"]


@pytest.mark.parametrize("text", ['{"work": {"nifi_url": "http://x"}}', "- a list", "a: [", "just words"])
def test_a_file_that_a_line_cannot_be_added_to_is_left_alone(file: Path, made: Certificates, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ConflictError, match=r"profiles\.yml"):
        profile.write("dai-nifi", "https://127.0.0.1:1/nifi-api", made)
    assert file.read_text() == text
