"""What an option names on this machine, checked before anything is done with it."""

from __future__ import annotations

import os
from pathlib import Path

from dai_scoring import model_file
from dai_scoring.cli.errors import NotFoundError, UsageError
from dai_scoring.provision import model_store


def check_model(option: str, model: Path) -> None:
    """Raise NotFoundError if a model is no file that can be read, nor an address in an object store."""
    if not model_store.is_address(model) and not model_store.is_other_address(model):
        check_file(option, model)


def check_file(option: str, file: Path | None) -> None:
    """Raise NotFoundError if the option is given and names no file or folder that can be read."""
    if file is None:
        return
    if not file.exists():
        if model_file.is_address(file):
            raise NotFoundError(f"{option}: {model_file.shown(file)} is an address. Give a file on this machine.")
        raise NotFoundError(f"{option}: there is no file {file}.")
    if not os.access(file, os.R_OK):
        raise NotFoundError(f"{option}: {file} cannot be read: you have no permission.")


def check_folder(option: str, folder: Path | None) -> None:
    """Raise NotFoundError if the option is given and names no folder."""
    if folder is not None and not folder.is_dir():
        raise NotFoundError(f"{option}: there is no folder {folder}.")


def check_no_file(option: str, folder: Path) -> None:
    """Raise UsageError if a file is in the place of a folder that is made where it does not exist."""
    for place in (folder, *folder.parents):
        if place.exists():
            if not place.is_dir():
                raise UsageError(f"{option} wants a folder, and {place} is a file.")
            return
