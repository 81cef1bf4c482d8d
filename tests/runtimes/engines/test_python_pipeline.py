"""Python scoring pipelines: real workers in a real environment, and what becomes of them when things go wrong."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from dai_scoring.errors import (
    EnvironmentMissingError,
    LicenceError,
    ModelError,
    ModelFormatError,
    PipelineError,
    UnsupportedError,
    WorkerFailedError,
)
from dai_scoring.models import Runtime, open_model
from dai_scoring.options import Contributions, Wanted
from dai_scoring.pipeline_file import read
from dai_scoring.scorer import PipelineSettings, RuntimeSettings, Scorer
from dai_scoring.worker import environment
from tests.support.pipeline import build
from tests.support.processes import alive
from tests.support.project import ROOT
from tests.support.waiting import until
from tests.support.worker_processes import worker_pids

pytestmark = pytest.mark.runtime

DIRECT = """
import json, sys
import pandas as pd
from {module} import Scorer
frame = pd.read_csv(sys.argv[1]).astype({{"bill_depth_mm": "float32", "flipper_length_mm": "float32"}})
scorer = Scorer()
frame = frame[scorer.get_column_names()]
found = {{kind: scorer.score_batch(frame, **asked) for kind, asked in {asked}.items()}}
with open(sys.argv[2], "w") as file:
    values = {{kind: {{name: [float(x).hex() for x in one[name]] for name in one}} for kind, one in found.items()}}
    json.dump(values, file)
"""


def opened(path: Path, settings: PipelineSettings, **changes: Any) -> Scorer:
    return open_model(path, settings=RuntimeSettings(pipeline=replace(settings, **changes)))


def rows(samples: Path) -> pa.Table:
    return pa_csv.read_csv(samples / "penguins-rows.csv")


def trapped(samples: Path, *traps: tuple[int, str]) -> pa.Table:
    table = rows(samples)
    islands = table["island"].to_pylist()
    for row, text in traps:
        islands[row] = f"TRAP {text}"
    return table.set_column(table.schema.get_field_index("island"), "island", pa.array(islands))


def test_the_same_numbers_as_the_wheel_called_directly(
    pipeline: Path, pipeline_settings: PipelineSettings, pipeline_scorer: Scorer, samples: Path, tmp_path: Path
) -> None:
    asked = {
        "predictions": {},
        "transformed": {"pred_contribs": True},
        "original": {"pred_contribs_original": True},
    }
    found = environment.find(read(pipeline), pipeline_settings)
    assert found is not None
    program = DIRECT.format(module=build.MODULE, asked=asked)
    command = [str(found.path), "-c", program, str(samples / "penguins-rows.csv"), str(tmp_path / "direct.json")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    expected = json.loads((tmp_path / "direct.json").read_text())
    for kind in (Contributions.TRANSFORMED, Contributions.ORIGINAL):
        scored = pipeline_scorer.score(rows(samples), wanted=Wanted(kind))
        assert scored.contributions is not None
        for table, name in ((scored.predictions, "predictions"), (scored.contributions, kind.value)):
            ours = {column: [float(x).hex() for x in table[column].to_pylist()] for column in table.schema.names}
            assert ours == expected[name]
        odds = np.log(np.asarray(scored.predictions["sex.male"], float) / np.asarray(scored.predictions["sex.female"]))
        sums = np.sum([np.asarray(one) for one in scored.contributions.columns], axis=0)
        np.testing.assert_allclose(sums, odds, atol=1e-4)


def test_a_folder_a_bare_wheel_and_the_archive_score_alike(
    pipeline: Path, pipeline_settings: PipelineSettings, pipeline_scorer: Scorer, samples: Path, tmp_path: Path
) -> None:
    expected = pipeline_scorer.score(rows(samples)).predictions
    with zipfile.ZipFile(pipeline) as archive:
        archive.extractall(tmp_path)
    with opened(tmp_path, pipeline_settings) as scorer:
        assert scorer.score(rows(samples)).predictions.equals(expected)
    # The wheel alone does not say what its columns are; text that is all numbers is taken as numbers.
    found = environment.find(read(pipeline), pipeline_settings)
    assert found is not None
    wheel = tmp_path / "scoring-pipeline" / build.WHEEL
    texts = pa.table([column.cast(pa.string()) for column in rows(samples).columns], names=rows(samples).schema.names)
    with opened(wheel, pipeline_settings, environment=found.path) as scorer:
        assert {column.type.value for column in scorer.info.inputs} == {"Str"}
        scored = np.asarray(scorer.score(texts).predictions["sex.male"])
        # In double precision here, as pandas reads them.
        np.testing.assert_allclose(scored, np.asarray(expected["sex.male"]), rtol=1e-5)


@pytest.mark.parametrize("text", ["raise", "sys.exit"])
def test_rows_that_the_pipeline_refuses_are_rejected_and_the_others_scored(
    pipeline_scorer: Scorer, samples: Path, text: str
) -> None:
    expected = pipeline_scorer.score(rows(samples)).predictions
    scored = pipeline_scorer.score(trapped(samples, (5, text), (200, text)), wanted=Wanted(Contributions.ORIGINAL))
    reasons = {"raise": "ValueError: this island is not on the map", "sys.exit": "SystemExit: goodbye"}
    assert scored.rejects.to_pylist() == [
        {"row": row, "code": "refused_by_model", "column": None, "value": reasons[text]} for row in (5, 200)
    ]
    keep = [row for row in range(348) if row not in (5, 200)]
    assert scored.predictions.equals(expected.take(keep))
    assert scored.contributions is not None
    assert scored.contributions.num_rows == 346


def test_refused_rows_are_numbered_among_all_rows(pipeline_scorer: Scorer, samples: Path) -> None:
    table = trapped(samples, (7, "raise"))
    lengths = [str(value) for value in table["bill_length_mm"].to_pylist()]
    lengths[2] = "long"
    table = table.set_column(table.schema.get_field_index("bill_length_mm"), "bill_length_mm", pa.array(lengths))
    found = pipeline_scorer.score(table.slice(0, 10)).rejects.to_pylist()
    assert [(one["row"], one["code"]) for one in found] == [(2, "not_a_number"), (7, "refused_by_model")]


def test_an_error_of_every_row_is_no_fault_of_the_rows(pipeline_scorer: Scorer, samples: Path) -> None:
    with pytest.raises(PipelineError, match="own code raised an error: ValueError: this island is not on the map"):
        pipeline_scorer.score(trapped(samples, *((row, "raise") for row in range(348))))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("exit", "ended by itself with the exit code 7"),
        ("kill", "ended by the signal SIGKILL, as when the machine has no memory left"),
        ("memory", "ran out of memory"),
    ],
)
def test_a_worker_that_dies_is_replaced(
    pipeline: Path, pipeline_settings: PipelineSettings, pipeline_scorer: Scorer, samples: Path, text: str, reason: str
) -> None:
    with pytest.raises(WorkerFailedError, match=reason):
        pipeline_scorer.score(trapped(samples, (9, text)))
    assert pipeline_scorer.score(rows(samples)).predictions.num_rows == 348


def test_a_worker_that_hangs_is_ended(pipeline: Path, pipeline_settings: PipelineSettings, samples: Path) -> None:
    with opened(pipeline, pipeline_settings, score_timeout=6.0) as scorer:
        (before,) = worker_pids(scorer)
        with pytest.raises(WorkerFailedError, match="gave no answer in 6 seconds"):
            scorer.score(trapped(samples, (0, "hang")))
        assert not alive(before)
        assert scorer.score(rows(samples)).predictions.num_rows == 348


def test_a_worker_killed_in_the_middle_of_many_batches_loses_none(
    pipeline: Path, pipeline_settings: PipelineSettings, samples: Path
) -> None:
    with open_model(pipeline, settings=RuntimeSettings(pipeline=pipeline_settings, workers=2)) as scorer:
        expected = scorer.score(rows(samples)).predictions
        first = worker_pids(scorer)
        done = threading.Event()

        def score(number: int) -> pa.Table:
            if number == 40:
                for pid in first:
                    os.kill(pid, signal.SIGKILL)
                done.set()
            return scorer.score(rows(samples).slice(number, 100)).predictions

        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(score, range(100)))
        assert done.is_set()
        assert not any(alive(pid) for pid in first)
        for number, predictions in enumerate(found):
            assert predictions.equals(expected.slice(number, 100))


PARENT = """
import sys, time
from pathlib import Path
from dai_scoring.models import open_model
from dai_scoring.scorer import PipelineSettings, RuntimeSettings
import pyarrow as pa, threading
settings = PipelineSettings(python_command=sys.argv[2])
scorer = open_model(Path(sys.argv[1]), settings=RuntimeSettings(pipeline=settings))
print(scorer._engine._pool._idle[0].pid, flush=True)
row = pa.table({"species": ["Adelie"], "island": ["TRAP hang"], "bill_length_mm": [1.0], "bill_depth_mm": [1.0],
                "flipper_length_mm": [1.0], "body_mass_g": [1]})
scorer.score(row)
"""


def test_no_worker_outlives_its_parent(pipeline: Path, pipeline_settings: PipelineSettings) -> None:
    command = [sys.executable, "-c", PARENT, str(pipeline), pipeline_settings.python_command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.5)  # into the call that hangs
        assert alive(pid)
        parent.kill()
    until(lambda: not alive(pid))


def test_closing_ends_the_workers(pipeline: Path, pipeline_settings: PipelineSettings) -> None:
    scorer = opened(pipeline, pipeline_settings)
    (pid,) = worker_pids(scorer)
    scorer.close()
    assert not alive(pid)


def test_data_recipes_are_applied_when_wanted(
    pipeline: Path, pipeline_settings: PipelineSettings, pipeline_scorer: Scorer, samples: Path
) -> None:
    table = rows(samples)
    lower = pa.array([text.lower() for text in table["island"].to_pylist()])
    lower_case = table.set_column(table.schema.get_field_index("island"), "island", lower)
    expected = pipeline_scorer.score(table).predictions
    assert not pipeline_scorer.score(lower_case).predictions.equals(expected)
    with opened(pipeline, pipeline_settings, apply_data_recipes=True) as scorer:
        found = scorer.score(lower_case).predictions
        # The unseen level of the extra rows is none in title case either.
        assert found.slice(0, 344).equals(expected.slice(0, 344))


@pytest.fixture
def broken(samples: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a scorer.zip that lacks something."""
    return lambda *packages, **files: build.scorer_zip(samples, tmp_path / "scorer.zip", *packages, **files)


def test_a_package_that_is_nowhere_is_named(
    broken: Callable[..., Path], pipeline_settings: PipelineSettings, tmp_path: Path
) -> None:
    (tmp_path / "wheels").mkdir()
    changes = {"environment_folder": tmp_path / "made", "wheel_folder": tmp_path / "wheels"}
    with pytest.raises(EnvironmentMissingError, match=r"there is no package numpy==2\.2\.6 that fits this Python"):
        opened(broken(), pipeline_settings, **changes)
    assert [path.name for path in (tmp_path / "made").iterdir() if path.is_dir()] == []


def test_a_pipeline_for_another_python(broken: Callable[..., Path], pipeline_settings: PipelineSettings) -> None:
    path = broken(**{"h2oaicore-1.8.4-cp36-cp36m-linux_x86_64.whl": b"not looked at"})
    with pytest.raises(
        EnvironmentMissingError, match=r"was made for Python 3\.6, and .* is Python 3\.\d+\. Set python_command"
    ):
        opened(path, pipeline_settings)


def test_environments_that_will_not_do(pipeline: Path, pipeline_settings: PipelineSettings, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentMissingError, match="is no Python environment: there is no"):
        opened(pipeline, pipeline_settings, environment=tmp_path)
    with pytest.raises(EnvironmentMissingError, match="does not have the module scoring_h2oai_experiment_4f1c2a7e"):
        opened(pipeline, pipeline_settings, environment=Path(sys.prefix))
    with pytest.raises(EnvironmentMissingError, match="there is no Python at 'python9'"):
        opened(pipeline, pipeline_settings, python_command="python9")
    with pytest.raises(EnvironmentMissingError, match="does not run as a Python"):
        opened(pipeline, pipeline_settings, python_command="true")


def _scorer_that(does: str) -> bytes:
    return f"class Scorer:\n    def __init__(self):\n        {does}\n".encode()


@pytest.mark.parametrize(
    ("does", "kind", "message"),
    [
        ("raise RuntimeError('no such model')", ModelError, "does not start: RuntimeError: no such model"),
        ("raise RuntimeError('License has expired')", LicenceError, "needs a Driverless AI licence"),
        ("print('bye'); import os; os._exit(3)", ModelError, "ended by itself with the exit code 3. It printed: bye"),
        ("import sys; sys.exit('stop')", ModelError, "does not start: SystemExit: stop"),
    ],
)
def test_a_pipeline_that_does_not_start(
    does: str,
    kind: type[ModelError],
    message: str,
    pipeline: Path,
    pipeline_settings: PipelineSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = environment.find(read(pipeline), pipeline_settings)
    assert base is not None
    made = tmp_path / "environment"
    subprocess.run([str(base.path), "-m", "venv", "--without-pip", "--system-site-packages", str(made)], check=True)
    (site,) = made.glob("lib/python*/site-packages")
    (site / f"{build.MODULE}.py").write_bytes(_scorer_that(does))
    with pytest.raises(kind, match=message):
        opened(pipeline, pipeline_settings, environment=made)


def test_files_that_are_no_pipelines(tmp_path: Path, samples: Path, pipeline: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("scoring_h2oai_experiment_a-1.0.0-py3-none-any.whl", b"")
        archive.writestr("scoring_h2oai_experiment_b-1.0.0-py3-none-any.whl", b"")
    with pytest.raises(ModelFormatError, match="should hold one wheel"):
        open_model(tmp_path / "two.zip")
    with pytest.raises(UnsupportedError, match="the Python runtime does not load"):
        open_model(samples / "penguins.mojo", Runtime.PYTHON)
    for runtime in (Runtime.JAVA, Runtime.CPP):
        with pytest.raises(UnsupportedError, match=r"Runtime\.PYTHON\. Or export the MOJO"):
            open_model(pipeline, runtime)


def test_the_worker_is_written_for_python_3_6() -> None:
    source = (ROOT / "scoring/dai_scoring/worker/child.py").read_text()
    tree = ast.parse(source, feature_version=(3, 6))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert imported <= {
        *("fcntl", "inspect", "json", "os", "signal", "socket", "struct", "sys", "threading", "numpy", "pandas")
    }
