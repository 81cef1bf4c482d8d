"""Models that are in an object store, which the driver fetches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dai_scoring.provision import cache
from tests.support.packages import object_store

pytestmark = pytest.mark.runtime
obstore = pytest.importorskip("obstore", reason="the extra s3 is not installed")


def test_a_model_of_an_object_store_scores(
    spark: dict[str, str], samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "cache"
    own.mkdir()
    for one in cache.directory().iterdir():
        if one.name != "models":
            (own / one.name).symlink_to(one)
    command = [sys.executable, "-m", "dai_scoring.cli", "spark", "batch", "-m", "s3://birds/penguins.mojo"]
    command += ["--input", str(samples / "penguins-rows.csv"), "--output", str(tmp_path / "scores")]
    with object_store.s3() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        object_store.make_bucket(environment, "birds")
        model = (samples / "penguins.mojo").read_bytes()
        obstore.put(obstore.store.from_url("s3://birds"), "penguins.mojo", model)
        variables = {**spark, **environment, "DAI_SCORING_CACHE": str(own)}
        done = subprocess.run(
            [*command, "--master", "local[1]"], env=variables, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr[-3000:]
    assert pq.read_table(tmp_path / "scores").num_rows == 348
