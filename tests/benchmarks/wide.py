"""The wide model: an H2O-3 GBM on 200 columns of mixed types, trained on first use and kept in the shared cache.

The script itself runs in an environment with h2o: ``python wide.py ROWS.csv TYPES.json MODEL``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

_ROWS = 20_000
_TREES, _DEPTH = 50, 6
_TARGET = "answer"


def model(say: Callable[[str], None]) -> Path:
    """The MOJO; making it takes a minute and, the first time, pip the 260 MB of h2o."""
    import pyarrow.csv as pa_csv

    from dai_nifi.local.java import find_java
    from dai_scoring.provision import cache
    from tests.benchmarks import data, environments

    place = cache.directory() / "bench" / f"wide-{data.NUMERIC}-{data.CATEGORICAL}-{_ROWS}-{_TREES}-{_DEPTH}.mojo"
    with cache.locked(place.with_name(place.name + ".lock")):
        if not place.is_file():
            python = environments.python("h2o", data.ROOT / "models" / "requirements-train.txt", say)
            say("Training the wide model, once ...")
            table = data.wide(_ROWS, 7)
            table = table.append_column(_TARGET, data.wide_target(table))
            kinds = {"n": "numeric", "c": "enum", "t": "time", "b": "enum", "a": "enum"}
            with tempfile.TemporaryDirectory() as folder:
                rows, types = Path(folder) / "rows.csv", Path(folder) / "types.json"
                pa_csv.write_csv(table, rows)
                types.write_text(json.dumps({name: kinds[name[0]] for name in table.column_names}))
                java = {"JAVA_HOME": str(find_java()), "PATH": f"{find_java() / 'bin'}:/usr/bin:/bin"}
                # Without this script's folder among the modules, whose package http would hide Python's own.
                command = [python, "-I", __file__, rows, types, place.with_suffix(".part")]
                done = subprocess.run(command, env=java, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"The wide model could not be trained:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
            place.with_suffix(".part").rename(place)
    return place


def _train(rows: Path, types: Path, target: Path) -> None:
    import h2o
    from h2o.backend import H2OLocalServer
    from h2o.estimators import H2OGradientBoostingEstimator

    # Dates without a zone are of the server's zone, and genmodel is given UTC.
    server = H2OLocalServer.start(
        port="54500+", max_mem_size=2 << 30, bind_to_localhost=True, jvm_custom_args=["-Duser.timezone=UTC"]
    )
    try:
        h2o.connect(server=server)
        h2o.no_progress()
        frame = h2o.upload_file(str(rows), col_types=json.loads(types.read_text()))
        trained = H2OGradientBoostingEstimator(ntrees=_TREES, max_depth=_DEPTH, seed=1)
        trained.train(y=_TARGET, training_frame=frame)
        saved = trained.save_mojo(str(target.parent), filename=f"{target.name}.zip")
        Path(saved).rename(target)
    finally:
        server.shutdown()


if __name__ == "__main__":
    _train(*map(Path, sys.argv[1:]))
