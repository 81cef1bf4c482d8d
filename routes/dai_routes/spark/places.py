"""Folders of Spark: their file system, and what would replace something that is in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dai_scoring.errors import OptionError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BATCH_COLUMN = "dai_batch"
"""The name of the partition column; each batch of the stream is one partition."""


def file_system(spark: SparkSession, path: str) -> tuple[Any, Any] | None:
    """Hadoop's file system of a path, and the path as it wants it; None with Spark Connect, which has neither."""
    java = getattr(spark, "_jvm", None)
    if java is None:
        return None
    found = java.org.apache.hadoop.fs.Path(path)
    return found.getFileSystem(spark._jsc.hadoopConfiguration()), found


def is_there(spark: SparkSession, path: str) -> bool | None:
    """Whether there is a file or a folder; None with Spark Connect, which does not tell."""
    found = file_system(spark, path)
    return None if found is None else bool(found[0].exists(found[1]))


def check_different(spark: SparkSession, places: Mapping[str, tuple[str, str]]) -> None:
    """Raise OptionError if two places are the same, since what goes to one would replace the other, or be read again.

    Each has its name, and is a folder and its format, or a topic and the format "kafka".
    """
    known: dict[str, str] = {}
    for name, (place, file_format) in places.items():
        found = None if file_format == "kafka" else file_system(spark, place)
        full = place if found is None else str(found[0].makeQualified(found[1]).toString())
        other = known.setdefault(full, name)
        if other != name:
            raise OptionError(f"{other} and {name} are both {place}. Name two different ones.")


def check_own_batches(spark: SparkSession, folders: Iterable[str], checkpoint: str) -> None:
    """Raise OptionError for a new stream into folders that have batches of another one.

    A stream whose checkpoint is new counts its batches from 0, and each would replace the one with its number.
    """
    if is_there(spark, f"{checkpoint}/metadata") is not False:
        return
    for folder in folders:
        if _has_batches(spark, folder):
            raise OptionError(
                f"{folder} has batches of another stream, which those of this one would replace: its checkpoint "
                f"{checkpoint} is new. Name the checkpoint that the folder was written with, or another folder; to "
                "score everything again, delete the folder."
            )


def _has_batches(spark: SparkSession, folder: str) -> bool:
    found = file_system(spark, folder)
    if found is None or not found[0].exists(found[1]):
        return False
    files, path = found
    return any(one.getPath().getName().startswith(f"{BATCH_COLUMN}=") for one in files.listStatus(path))
