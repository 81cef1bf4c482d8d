"""The Python environment of a scoring pipeline: one that is there, or one made from its own requirements.

An environment is made once for a pipeline and a version of Python, in a folder named after both; a file that is
written last says that it is complete. Several processes may want the same one: the first makes it, the others wait.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from dai_scoring.errors import EnvironmentMissingError
from dai_scoring.progress import Progress
from dai_scoring.provision import cache
from dai_scoring.runtimes.python_pipeline.pipeline_file import PipelineFile
from dai_scoring.scorer import PipelineSettings

_COMMAND, _ENVIRONMENT = "python_command", "python_environment"
_READY = "ready.json"
_ASK_TIMEOUT = 60
_OLDEST = (3, 6)
_SAYS = re.compile(r"\s*(Collecting|Processing|Installing collected packages|Building wheel)\b.*")
# Where pip names the package that it cannot get, the clearest message first.
_REQUIREMENT = r"([\w.-]+(?:\[[\w,.-]+\])?(?: *[<>=!~][^\s(]*)*)"
_NO_PACKAGE = [
    re.compile(f"{words} {_REQUIREMENT}")
    for words in (
        "No matching distribution found for",
        "Could not find a version that satisfies the requirement",
        r"The user requested \(constraint\)",
        "depends on",
        "Cannot install(?! -r)",
    )
]


@dataclass(frozen=True)
class Interpreter:
    """A Python that pipelines can run on."""

    path: Path
    version: tuple[int, int]

    @property
    def words(self) -> str:
        """The version as people write it."""
        return f"{self.version[0]}.{self.version[1]}"


def default_folder() -> Path:
    """Where environments are made unless the settings say otherwise."""
    return cache.directory() / "pipelines"


def find(pipeline: PipelineFile, settings: PipelineSettings) -> Interpreter | None:
    """The Python of an environment that is ready; None if one has to be made first.

    Raises EnvironmentMissingError if the settings name an environment that will not do.
    """
    if settings.environment is not None:
        return _existing(settings.environment, pipeline)
    base = interpreter(settings.python_command)
    ready = _place(pipeline, settings, base) / _READY
    if not ready.is_file():
        return None
    return Interpreter(_python_in(ready.parent), base.version)


def make(pipeline: PipelineFile, settings: PipelineSettings, progress: Progress) -> Interpreter:
    """The Python of the pipeline's environment, which is made if it is not there.

    Raises EnvironmentMissingError, which names the package that could not be had.
    """
    found = find(pipeline, settings)
    if found is not None:
        return found
    base = interpreter(settings.python_command)
    if pipeline.python is not None and pipeline.python != base.words:
        raise EnvironmentMissingError(
            f"{pipeline.path.name} was made for Python {pipeline.python}, and {settings.python_command} is Python "
            f"{base.words}.",
            _COMMAND,
            advice=(f"Set {{python_command}} to a Python {pipeline.python}, such as python{pipeline.python}.",),
        )
    place = _place(pipeline, settings, base)
    with ExitStack() as held:
        _lock(place, progress, held)
        if not (place / _READY).is_file():
            _build(pipeline, settings, base, place, progress)
    return Interpreter(_python_in(place), base.version)


def _lock(place: Path, progress: Progress, held: ExitStack) -> None:
    def waiting() -> None:
        progress("waiting for another process that makes the same environment", None)

    try:
        held.enter_context(cache.locked(place.with_name(place.name + ".lock"), waiting))
    except OSError as error:
        raise EnvironmentMissingError(
            f"no environment can be made in {place.parent}: {error.strerror}.",
            "environment_folder",
            advice=(
                "Set {environment_folder} to a folder in which the user of what scores may write, or leave it empty "
                "for the default.",
            ),
        ) from error


def interpreter(command: str) -> Interpreter:
    """What Python a command or path is; raises EnvironmentMissingError if it is not a Python, or too old."""
    path = shutil.which(command)
    if path is None:
        raise EnvironmentMissingError(
            f"there is no Python at {command!r} on the machine that scores.",
            _COMMAND,
            advice=(
                "Set {python_command} to the Python that the pipeline was made for, such as python3.8 or a whole path.",
            ),
        )
    version, _ = _ask(Path(path), "", _COMMAND)
    if version < _OLDEST:
        raise EnvironmentMissingError(
            f"{command} is Python {version[0]}.{version[1]}; Python scoring pipelines need 3.6 or newer.",
            _COMMAND,
            advice=("Set {python_command} to the Python that the pipeline was made for.",),
        )
    return Interpreter(Path(path), version)


def _ask(python: Path, module: str, option: str) -> tuple[tuple[int, int], bool]:
    """The version of a Python, and whether a module is installed there; ``option`` is where it was named."""
    program = (
        "import importlib.util, json, sys; name = sys.argv[1]; "
        "print(json.dumps([sys.version_info[:2], bool(name and importlib.util.find_spec(name))]))"
    )
    try:
        done = subprocess.run(
            [str(python), "-E", "-c", program, module], capture_output=True, text=True, timeout=_ASK_TIMEOUT, check=True
        )
        (major, minor), installed = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise EnvironmentMissingError(
            f"{python} does not run as a Python: it did not print its version.",
            option,
            advice=(f"Set {{{option}}} to one that does.",),
        ) from error
    return (major, minor), installed


def _existing(given: Path, pipeline: PipelineFile) -> Interpreter:
    python = given if given.is_file() else _python_in(given)
    if not python.exists():
        raise EnvironmentMissingError(
            f"{given} is no Python environment: there is no {python}.",
            _ENVIRONMENT,
            advice=("Set {python_environment} to its folder, or to its python, or leave it empty to have one made.",),
        )
    version, installed = _ask(python, pipeline.module, _ENVIRONMENT)
    if not installed:
        raise EnvironmentMissingError(
            f"the Python environment {given} does not have the module {pipeline.module}.",
            _ENVIRONMENT,
            advice=(
                "Install the wheels and the requirements of the scoring pipeline there.",
                "Or leave {python_environment} empty to have one made.",
            ),
        )
    return Interpreter(python, version)


def _python_in(folder: Path) -> Path:
    return folder / "bin" / "python"


def _place(pipeline: PipelineFile, settings: PipelineSettings, base: Interpreter) -> Path:
    folder = settings.environment_folder or default_folder()
    return folder / f"{pipeline.id}-{pipeline.digest[:12]}-py{base.words}"


def _build(
    pipeline: PipelineFile, settings: PipelineSettings, base: Interpreter, place: Path, progress: Progress
) -> None:
    shutil.rmtree(place, ignore_errors=True)
    progress(f"making a Python {base.words} environment in {place}", None)
    try:
        _run([str(base.path), "-E", "-m", "venv", str(place)], place.parent, progress, "make a virtual environment")
        with pipeline.unpacked() as folder:
            command = [
                str(_python_in(place)),
                "-E",
                "-m",
                "pip",
                "install",
                "--no-input",
                "--disable-pip-version-check",
            ]
            if settings.wheel_folder is not None:
                command += ["--no-index", "--find-links", str(settings.wheel_folder)]
            command += ["--find-links", str(folder), *_wanted(folder)]
            _run(command, folder, progress, "install the pipeline's packages", settings.wheel_folder)
        (place / _READY).write_text(json.dumps({"pipeline": str(pipeline.path), "python": base.words}) + "\n")
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _wanted(folder: Path) -> list[str]:
    """What pip has to install: the requirements, within their constraints, and every wheel in the same folder."""
    words: list[str] = []
    if (folder / "requirements.txt").is_file():
        words += ["--requirement", "requirements.txt"]
    for path in sorted(folder.glob("*constraints*.txt")):
        words += ["--constraint", path.name]
    return [*words, *(f"./{path.name}" for path in sorted(folder.glob("*.whl")))]


def _run(command: list[str], folder: Path, progress: Progress, what: str, wheels: Path | None = None) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    ) as process:  # fmt: skip
        try:
            for line in process.stdout or ():
                lines.append(line.rstrip())
                if _SAYS.match(line):
                    progress(line.strip()[:200], None)
        except BaseException:
            with suppress(ProcessLookupError):
                process.kill()
            raise
    if process.returncode:
        raise _why_not(lines, what, wheels)


def _why_not(lines: list[str], what: str, wheels: Path | None) -> EnvironmentMissingError:
    text = "\n".join(lines)
    for found in filter(None, (pattern.search(text) for pattern in _NO_PACKAGE)):
        lacking = (
            f"the environment cannot be made: there is no package {found[1]} that fits this Python, and the others, "
        )
        if wheels is not None:
            return EnvironmentMissingError(
                f"{lacking}in {wheels}.",
                "wheel_folder",
                advice=(
                    "Put its wheel there.",
                    "Or leave {wheel_folder} empty where there is a way to the package index.",
                ),
            )
        return EnvironmentMissingError(
            f"{lacking}where pip looks.",
            advice=(
                "Without a way to the package index, set {wheel_folder} to one that has it.",
                "With one, check that {python_command} is the Python that the pipeline was made for.",
            ),
        )
    errors = [line for line in lines if line.startswith("ERROR")] or [line for line in lines if line.strip()]
    return EnvironmentMissingError(
        f"the environment cannot be made: pip could not {what}: {'; '.join(errors[-3:])[:600]}"
    )
