"""Sends files to Spark's workers, under names that say which content they have.

Spark sends the first file of a name only: under its own name, a model that was replaced would never arrive.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_sent: set[tuple[str, Path]] = set()


def is_remote(session: SparkSession) -> bool:
    """Whether the session is one of Spark Connect, which has no virtual machine to call."""
    return type(session).__module__.startswith("pyspark.sql.connect")


def name_of(sha256: str, suffix: str) -> str:
    """The name of a file made from the model with this digest."""
    return f"dai-score-{sha256[:16]}{suffix}"


def send_model(session: SparkSession, model: Path, sha256: str) -> str:
    """Send a model as it is now to Python workers; returns the name of its file there."""
    copy = folder() / name_of(sha256, model.suffix)
    if not copy.exists():
        # No link: workers ask for the file later, and it may be overwritten by then.
        shutil.copyfile(model, copy)
    send(session, copy)
    return copy.name


def send(session: SparkSession, file: Path) -> None:
    """Send a file once for each application: Spark warns of a second time."""
    if is_remote(session):
        session.addArtifact(str(file), file=True)
        return
    key = (session.sparkContext.applicationId, file)
    if key not in _sent:
        session.sparkContext.addFile(str(file))
        _sent.add(key)


@cache
def folder() -> Path:
    """A folder for files to send, which lasts as long as this process: workers may ask for them until then."""
    made = tempfile.mkdtemp(prefix="dai-score-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)
