"""What keeps a server from starting: a sentence, and an exit code that says which kind of thing it is."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from dai_routes.serve import arguments, environment
from dai_routes.serve.running.listening import listen
from dai_scoring.cli.errors import UsageError
from tests.support.server.certificates import Authority
from tests.support.server.serving import COMMAND, serving
from tests.support.waiting import PATIENCE


def refused(*words: object, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, **environment},
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_port_that_is_taken(samples: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, said = refused(samples / "penguins.mojo", "--port", port)
    assert (code, f"port {port} of 127.0.0.1 is taken" in said) == (3, True)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_that_is_not_there(tmp_path: Path, workers: int) -> None:
    code, said = refused(tmp_path / "none.mojo", "--port", 0, "--workers", workers)
    assert (code, "none.mojo" in said) == (5, True)


def test_a_model_without_its_licence(needs_licence: Path) -> None:
    code, said = refused(needs_licence, "--port", 0, "--accept-h2o-licence")
    assert (code, "licen" in said) == (7, True)


def test_certificates_that_are_of_no_use(samples: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one, other = authority.pair("one"), authority.pair("other")
    model = samples / "penguins.mojo"
    code, said = refused(model, "--port", 0, "--tls-cert", one.certificate, "--tls-key", other.key)
    assert (code, "the key is that of the certificate" in said) == (2, True)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_with_a_password_is_refused_without_a_question(
    samples: Path, tmp_path: Path, form: PrivateFormat
) -> None:
    pair = Authority(tmp_path).pair("server")
    key = load_pem_private_key(pair.key.read_bytes(), None)
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"secret")))
    code, said = refused(samples / "penguins.mojo", "--port", 0, "--tls-cert", pair.certificate, "--tls-key", pair.key)
    assert code == 2
    assert said.startswith(f"Error: --tls-key {pair.key} has a password. Give a key without one: openssl pkey ")


def test_arguments_that_make_no_sense(samples: Path, tmp_path: Path) -> None:
    model = str(samples / "penguins.mojo")
    (tmp_path / "empty").touch()
    cases: list[tuple[Callable[[], object], str]] = [
        (environment.models, "name a model"),
        (lambda: arguments.models([model, model]), "two models have the name penguins"),
        (lambda: arguments.models([f"a b={model}"]), "the name of a model has letters"),
        (lambda: arguments.dialects("h2o, klingon"), "there is no klingon"),
        (lambda: arguments.key_digests(tmp_path / "empty"), "it has no key"),
        (lambda: arguments.certificates(None, tmp_path, None), "go together"),
        (lambda: listen("no.such.host.invalid", 0), "there is no address"),
    ]
    for make, says in cases:
        with pytest.raises(UsageError, match=says):
            make()


def test_h2os_and_vertexs_variables(samples: Path, tmp_path: Path, rows: list[dict[str, str]]) -> None:
    variables = {
        "MOJO_FILE_PATH": str(samples / "penguins.mojo"),
        "MODEL_ID": "birds",
        "AIP_HEALTH_ROUTE": "/health",
        "AIP_PREDICT_ROUTE": "/v1/models/birds:predict",
    }
    with serving(tmp_path, "--dialects", "records,vertex", environment=variables) as server:
        assert server.get("/health").status == 200
        found = server.post("/v1/models/birds:predict", {"instances": rows[:1]})
        assert found.json["predictions"][0]["predict"] == "male"
        assert server.post("/models/birds/score", rows[0]).status == 200
        assert server.post("/model/score", {}).status == 404
