"""Models in an object store, S3's protocol over HTTP: fetched once, checked, and replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dai_scoring import open_model
from dai_scoring.errors import FetchError, ModelFormatError, ModelNotFoundError
from dai_scoring.model_file import sha256
from dai_scoring.provision import model_store
from tests.support.packages import object_store

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]
obstore = pytest.importorskip("obstore", reason="the extra s3 is not installed")


@pytest.fixture(scope="module")
def service() -> Iterator[dict[str, str]]:
    with object_store.s3() as environment:
        yield environment


@pytest.fixture
def bucket(service: dict[str, str], samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A store with the sample's model as models/penguins.mojo, and an empty cache for what is fetched."""
    for name, value in service.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(model_store.cache, "directory", lambda: tmp_path)
    name = f"bucket-{os.getpid()}-{tmp_path.name[-6:].strip('_').lower().replace('_', '-')}"
    object_store.make_bucket(service, name)
    store = obstore.store.from_url(f"s3://{name}")
    obstore.put(store, "models/penguins.mojo", (samples / "penguins.mojo").read_bytes())
    return store, f"s3://{name}/models/penguins.mojo"


def copies(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.mojo"))


def test_a_model_is_fetched_once(bucket: Any, samples: Path, tmp_path: Path) -> None:
    address = bucket[1]
    steps: list[str] = []
    for _ in range(2):
        with open_model(address, progress=lambda step, share: steps.append(step)) as scorer:
            assert scorer.info.sha256 == sha256(samples / "penguins.mojo")
    assert steps.count("fetching penguins.mojo") == 1
    assert model_store.local_file(Path(address)) == copies(tmp_path)[0]


def test_another_model_in_its_place_is_fetched(bucket: Any, tmp_path: Path) -> None:
    store, address = bucket
    before, version = model_store.local_file(address), model_store.version(address)
    obstore.put(store, "models/penguins.mojo", b"another")
    after = model_store.local_file(address)
    assert (after.read_bytes(), before.exists()) == (b"another", False)
    assert model_store.version(address) != version
    assert copies(tmp_path) == [after]


def test_the_sha256_is_checked(bucket: Any, samples: Path) -> None:
    digest = sha256(samples / "penguins.mojo")
    assert model_store.local_file(f"{bucket[1]}#sha256={digest.upper()}").is_file()
    with pytest.raises(ModelFormatError, match=f"has the SHA-256 {digest}, not the one after"):
        model_store.local_file(f"{bucket[1]}#sha256={'0' * 64}")


def test_what_is_not_there_is_said(bucket: Any) -> None:
    with pytest.raises(
        ModelNotFoundError, match=r"there is no s3://.*/models/other.mojo\. Check the bucket and the key"
    ):
        model_store.local_file(bucket[1].replace("penguins", "other"))
    for wrong in ("s3://bucket", "gs://", "az://x/y#sha256=12"):
        with pytest.raises(ModelNotFoundError, match="is no address of a model"):
            model_store.local_file(wrong)


def test_a_store_that_does_not_answer_is_said(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(FetchError) as refused:
        model_store.local_file(bucket[1])
    assert "cannot be fetched" in str(refused.value)
    assert "not-for-any-log" not in str(refused.value)


def test_a_path_is_a_path(samples: Path) -> None:
    assert model_store.local_file(samples / "penguins.mojo") == samples / "penguins.mojo"
    assert model_store.local_file("gs.mojo") == Path("gs.mojo")
