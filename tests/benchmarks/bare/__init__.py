"""The runtimes outside NiFi, each in a process of its own that waits while something else is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dai_nifi.archives import dependencies
from dai_nifi.errors import ToolError
from dai_nifi.local.java import find_java
from dai_scoring.progress import silent
from dai_scoring.runtimes.python_pipeline import environment
from dai_scoring.runtimes.python_pipeline.pipeline_file import read
from dai_scoring.scorer import PipelineSettings

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]

NAMES = {
    "java": "MojoPipeline.transform alone",
    "h2o3": "genmodel score0 alone",
    "cpp": "daimojo predict alone",
    "python": "score_batch alone",
}
"""What is measured, by runtime."""


class Bare:
    """A process with a loaded model and nothing around it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def seconds(self, rows: Path, seconds: float) -> float:
        """How long the runtime takes for the rows of a CSV file, on the average of so many seconds."""
        _stream(self._process.stdin).write(json.dumps([str(rows), seconds]) + "\n")
        _stream(self._process.stdin).flush()
        for line in _stream(self._process.stdout):
            if line.startswith("@"):
                return float(json.loads(line[1:]))
        raise ToolError(f"the bare runtime ended: {self._process.args}")


@contextmanager
def runtime(name: str, model: Path) -> Iterator[Bare]:
    """The bare runtime of a model: java (for both kinds of MOJO), cpp or python."""
    process = subprocess.Popen(
        _command(name, model),
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Bare(process)
    finally:
        _stream(process.stdin).close()
        process.kill()
        process.wait()


def _command(name: str, model: Path) -> list[str]:
    if name == "cpp":
        packages = dependencies.packages(("cpp",), dependencies.running_python(), lambda what, share=None: None)
        return [sys.executable, str(_HERE / "predict.py"), str(model), str(packages)]
    if name == "python":
        described = read(model)
        made = environment.make(described, PipelineSettings(python_command=sys.executable), silent)
        return [str(made.path), str(_HERE / "score_batch.py"), described.module]
    return [sys.executable, str(_HERE / "java.py"), str(model), str(find_java())]


def _stream(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise ToolError("the bare runtime has no pipe")
    return stream
