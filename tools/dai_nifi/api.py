"""The verbs of the command as functions, for deployment scripts: typed results, and errors with a ``code``.

Each does what the command of its name does. Those that talk to NiFi take its ``url``, or a ``profile`` of nipyapi;
all raise subclasses of :class:`dai_nifi.errors.ToolError`. They share nipyapi's connection, which is one for the
process: do not call them from several threads for several NiFis at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dai_nifi import installed  # noqa: F401 - first: it says which extra is missing
from dai_nifi.archives import build as building
from dai_nifi.archives import install as installing
from dai_nifi.archives.build import BuiltNar
from dai_nifi.archives.install import InstalledNar
from dai_nifi.checkup import examine
from dai_nifi.checkup.finding import Finding
from dai_nifi.client.api import DEFAULT_TIMEOUT
from dai_nifi.client.connection import DEFAULT_URL, connect
from dai_nifi.errors import NotFoundError
from dai_nifi.flows.model_parameters import MAIN
from dai_nifi.operations import adopt as adopting
from dai_nifi.operations import deploy as deploying
from dai_nifi.operations import start_stop
from dai_nifi.operations import status as looking
from dai_nifi.operations import swap as swapping
from dai_nifi.operations import undeploy as removing
from dai_nifi.operations.adopt import Adopted
from dai_nifi.operations.deploy import Deployment, Request
from dai_nifi.operations.models.local_check import LOCALLY, Locally
from dai_nifi.operations.start_stop import Change
from dai_nifi.operations.status import FlowStatus
from dai_nifi.operations.swap import Swap, SwapRequest
from dai_nifi.operations.undeploy import DRAIN_SECONDS, Removed
from dai_scoring.batch import files
from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.summary import Summary
from dai_scoring.cli.opening import opened
from dai_scoring.engine import ModelInfo
from dai_scoring.models import Runtime
from dai_scoring.progress import Progress, silent


def deploy(
    flow: str,
    model: str | Path | None = None,
    *,
    name: str | None = None,
    runtime: str | None = None,
    parameters: Mapping[str, str] | None = None,
    start: bool = True,
    dry_run: bool = False,
    discard_edits: bool = False,
    keep: bool = False,
    url: str = DEFAULT_URL,
    profile: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress = silent,
) -> Deployment:
    """Deploy a flow with a model, or update the one of the same name; what is queued stays.

    What was edited on the canvas is carried over, unless ``discard_edits`` gives it up. A first deployment that fails
    leaves nothing behind, unless ``keep`` is set.
    """
    connect(url, profile)
    file = None if model is None else Path(model)
    request = Request(flow, file, runtime, name, dict(parameters or {}), start, dry_run, timeout, discard_edits, keep)
    return deploying.deploy(request, progress)


def adopt(
    group: str,
    *,
    name: str | None = None,
    url: str = DEFAULT_URL,
    profile: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress = silent,
) -> Adopted:
    """Take a process group that was imported on the canvas, by its name or id, as a deployed flow."""
    connect(url, profile)
    return adopting.adopt(group, name, timeout, progress)


def start(
    name: str,
    *,
    url: str = DEFAULT_URL,
    profile: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress = silent,
) -> Change:
    """Start a deployed flow, once every component in it is valid."""
    connect(url, profile)
    return start_stop.start(name, timeout, progress)


def stop(
    name: str,
    *,
    url: str = DEFAULT_URL,
    profile: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress = silent,
) -> Change:
    """Stop a deployed flow; FlowFiles stay in its queues."""
    connect(url, profile)
    return start_stop.stop(name, timeout, progress)


def status(name: str, *, url: str = DEFAULT_URL, profile: str | None = None) -> FlowStatus:
    """What a deployed flow is doing."""
    connect(url, profile)
    return looking.status(name)


def swap(
    name: str,
    model: str | Path,
    *,
    check: str | Path | None = None,
    force: bool = False,
    dry_run: bool = False,
    locally: Locally | None = LOCALLY,
    preload: bool = True,
    of: str = MAIN.name,
    url: str = DEFAULT_URL,
    profile: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress = silent,
) -> Swap:
    """Put another model into a deployed flow: nothing queued is lost, no FlowFile fails.

    ``check`` is a file of records to score with both models. ``locally`` says how models are loaded on this machine,
    None that only NiFi loads the new one. ``of`` is model, or challenger if the flow has one.
    """
    connect(url, profile)
    rows = None if check is None else Path(check)
    request = SwapRequest(name, Path(model), rows, force, dry_run, locally, preload, timeout, of)
    return swapping.swap(request, progress)


def rollback(
    name: str,
    *,
    preload: bool = True,
    of: str = MAIN.name,
    url: str = DEFAULT_URL,
    profile: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress = silent,
) -> Swap:
    """Put the model before the last swap back, or finish or undo a swap that was cut off."""
    connect(url, profile)
    return swapping.rollback(name, preload, timeout, progress, of)


def undeploy(
    name: str,
    *,
    force: bool = False,
    url: str = DEFAULT_URL,
    profile: str | None = None,
    timeout: float = DRAIN_SECONDS,
    progress: Progress = silent,
) -> Removed:
    """Remove a deployed flow with its parameters and its model; ``force`` drops what is queued."""
    connect(url, profile)
    return removing.undeploy(name, force, timeout, progress)


def doctor(
    *,
    homes: Sequence[Path] = (),
    url: str = DEFAULT_URL,
    profile: str | None = None,
    progress: Progress = silent,
) -> list[Finding]:
    """Check a NiFi; ``homes`` are folders on this machine that it may be in."""
    return examine.examine(connect(url, profile), homes, progress)


def build_nar(
    runtime: str,
    folder: str | Path,
    *,
    accept_h2o_licence: bool = False,
    python_version: str | None = None,
    progress: Progress = silent,
) -> BuiltNar:
    """Build the archive of a runtime: java, cpp or python."""
    return building.build(runtime, Path(folder), progress, accept_h2o_licence, python_version)


def install_nar(
    nar: str | Path, *, url: str = DEFAULT_URL, profile: str | None = None, progress: Progress = silent
) -> InstalledNar:
    """Upload an archive to a running NiFi, without a restart."""
    connect(url, profile)
    return installing.install(Path(nar), progress)


def inspect(
    model: str | Path,
    *,
    runtime: Runtime = Runtime.AUTO,
    locally: Locally = LOCALLY,
    progress: Progress = silent,
) -> ModelInfo:
    """What a model file is, and its columns."""
    with opened(
        Path(model), progress, runtime, locally.accept_h2o_licence, locally.licence_file, pipeline=locally.pipeline
    ) as scorer:
        return scorer.info


def score(
    model: str | Path,
    source: str | Path,
    target: str | Path,
    rejected: str | Path,
    *,
    options: FileOptions | None = None,
    runtime: Runtime = Runtime.AUTO,
    locally: Locally = LOCALLY,
    progress: Progress = silent,
) -> Summary:
    """Score a file of records without NiFi.

    Rows that cannot be scored go to ``rejected``, which is made only if there are any. After an error, ``target`` and
    ``rejected`` are not complete.
    """
    if not Path(source).is_file():
        raise NotFoundError(f"there is no file {source}")
    with opened(
        Path(model), progress, runtime, locally.accept_h2o_licence, locally.licence_file, pipeline=locally.pipeline
    ) as scorer:
        return files.score_file(scorer, Path(source), Path(target), Path(rejected), options, name=Path(source).name)
