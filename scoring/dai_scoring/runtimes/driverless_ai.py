"""What the runtimes of Driverless AI MOJO pipelines share."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from dai_scoring.errors import LicenceError
from dai_scoring.model_file import ARCHIVED_MOJO, Kind
from dai_scoring.scorer import RuntimeSettings

LICENCE_KEY, LICENCE_FILE = "DRIVERLESS_AI_LICENSE_KEY", "DRIVERLESS_AI_LICENSE_FILE"


@contextmanager
def pipeline_file(path: Path, kind: Kind) -> Iterator[Path]:
    """The pipeline.mojo itself: ``path``, or the one out of a mojo.zip while the context lasts."""
    if kind is not Kind.DAI_MOJO_ARCHIVE:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="dai-mojo-") as folder, zipfile.ZipFile(path) as archive:
        yield Path(archive.extract(ARCHIVED_MOJO, folder))


def licence_error(path: Path, problem: str, settings: RuntimeSettings) -> LicenceError:
    """The error for a model whose licence is missing or refused.

    ``problem`` completes "PATH ..."; where it has "{found}", that becomes the place of the licence that was refused.
    """
    option = "licence_key" if settings.licence_key else "licence_file" if settings.licence_file else None
    found = "the one that was given" if option else f"the one in {LICENCE_KEY} or {LICENCE_FILE}"
    return LicenceError(
        f"{path} {problem.format(found=found)}.",
        option,
        advice=(
            *([f"It was given as {{{option}}}."] if option and "{found}" in problem else []),
            "Set {licence_key} or {licence_file}.",
            f"Or set {LICENCE_KEY} or {LICENCE_FILE} in the environment of {{process}}.",
        ),
    )


def check_licence_file(path: Path | None) -> None:
    """Raise LicenceError where a licence file is named and not there, or out of reach."""
    try:
        found = path is None or path.is_file()
    except PermissionError:
        found = False
    if not found:
        raise LicenceError(
            f"there is no licence file at {path} on the machine that scores, or none that this user may read.",
            "licence_file",
            advice=("Set {licence_file} to the path of the license.sig of Driverless AI.",),
        )


def licence_environment(settings: RuntimeSettings) -> dict[str, str]:
    """The variables that tell H2O's runtimes in another process of the licence that the settings name."""
    found = {LICENCE_KEY: settings.licence_key, LICENCE_FILE: str(settings.licence_file or "")}
    return {name: value for name, value in found.items() if value}


def only_intervals(scored: pa.Table, predictions: Sequence[str]) -> pa.Table:
    """The bounds out of a frame that the runtime gives when asked for intervals: it may repeat the predictions."""
    return scored.drop_columns([name for name in scored.schema.names if name in predictions])
