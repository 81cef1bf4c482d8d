"""Passwords in addresses, with characters that are to be percent-encoded and are not."""

from __future__ import annotations

import os

import pytest

from dai_routes.database.addresses import has_password, place_of, without_password
from tests.routes.database.support import Command
from tests.support.ports import free_port
from tests.support.postgres import Postgres

PASSWORD = "a#b/c?d%e@f:g"


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        (f"postgresql://me:{PASSWORD}@host:5432/zoo", "postgresql://me@host:5432/zoo"),
        ("postgresql://me:secret@[::1]:5432/zoo?a=b@c", "postgresql://me@[::1]:5432/zoo"),
        ("postgresql:///zoo?host=/run&password=secret", "postgresql:///zoo"),
        (f"other://me:{PASSWORD}@host", "other://me@host"),
        ("grpc://me:se#cret@host:31337", "grpc://me@host:31337"),
        ("me:secret@host/zoo", "me@host/zoo"),
    ],
)
def test_a_password_is_found_and_left_out(url: str, plain: str) -> None:
    assert has_password(url)
    assert without_password(url) == plain


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host:5432/zoo?options=-ca=b@c",
        "postgresql://me@host:5432/zoo",
        "postgresql://[::1]:5432/zoo?application_name=b@c",
        "postgresql://one:5432,two:5433/zoo?application_name=b@c",
        "postgresql:///zoo",
        "sqlite:////data/a:b@c.db",
    ],
)
def test_an_address_without_a_password_has_none(url: str) -> None:
    assert not has_password(url)


def test_an_address_leads_to_the_same_place_whoever_opens_it() -> None:
    assert place_of("sqlite:///zoo.db") == f"sqlite://{os.path.realpath('zoo.db')}"
    assert place_of("jdbc:sqlserver://host;databaseName=a;password=x") == "jdbc:sqlserver://host;databaseName=a"
    assert place_of("postgresql://me:x@host/a?b=c") == place_of("postgresql://you@host/a?b=c")


@pytest.mark.runtime
@pytest.mark.usefixtures("settings")
def test_a_password_in_the_variable_is_taken_as_it_is(
    server: Postgres, source: str, score: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.ask(
        "DO $$ BEGIN CREATE ROLE odd LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        f"ALTER ROLE odd PASSWORD '{PASSWORD}'; GRANT USAGE ON SCHEMA public TO odd;"
        "GRANT SELECT ON penguins TO odd"
    )
    monkeypatch.delenv("PGPASSWORD")
    address = source.replace(f"{server.user}@", f"odd:{PASSWORD}@")
    monkeypatch.setenv("DAI_SCORE_SOURCE", address)
    done = score("--table", "penguins", "--preview", 3)
    assert (done.code, len(done.document.get("scored", ()))) == (0, 3), done
    monkeypatch.setenv("DAI_SCORE_SOURCE", address.replace("f:g", "wrong%"))
    refused = score("--table", "penguins", "--preview", 3)
    assert (refused.code, "the password in PGPASSWORD" in refused.error) == (4, True), refused
    assert "d%e" not in refused.error


@pytest.mark.parametrize("url", ["postgres", "sqlite", "mysql://host/zoo"])
def test_an_address_of_no_known_form_is_refused(url: str, score: Command) -> None:
    done = score("--source", url, "--table", "penguins", "--target", "scores")
    assert (done.code, f"{url} is no address that is known here" in done.error) == (2, True), done


@pytest.mark.runtime
@pytest.mark.usefixtures("settings")
def test_a_password_of_flight_sql_is_not_shown(score: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("adbc_driver_flightsql", reason="the extra flightsql is not installed")
    monkeypatch.setenv("DAI_SCORE_SOURCE", f"grpc://me:se#cret@127.0.0.1:{free_port()}")
    done = score("--table", "penguins", "--preview", 3)
    assert (done.code, "does not answer" in done.error) == (4, True), done
    assert "cret" not in done.error
