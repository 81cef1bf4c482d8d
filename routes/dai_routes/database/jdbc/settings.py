"""Addresses of JDBC, without Java: the jars of drivers, user and password, and addresses without their secrets."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from dai_scoring.cli.errors import NotFoundError
from dai_scoring.scorer import RuntimeSettings

DRIVER_VARIABLE = "DAI_SCORE_JDBC_DRIVER"
"""The variable with the paths of drivers' jars, joined as in PATH."""

_BEGIN = re.compile(r"(?i)jdbc:[\w+-]+:(?:(?:thin|oci):)?(?://)?")
_USER_AND_PASSWORD = re.compile(r"[^@/?;:]+[/:][^@?;]*@")
_SECRET = re.compile(r"(?i)[,:;&?]?\b\w*(?:password|passwd|pwd)\w*=[^,;&\s]*")


@dataclass(frozen=True)
class JdbcSettings:
    """The jars of drivers, and how Java is started: as for the model, since a process has one virtual machine."""

    drivers: tuple[Path, ...]
    runtime: RuntimeSettings


@dataclass(frozen=True)
class Credentials:
    """The user and the password of a connection; None is not set."""

    user: str | None
    password: str | None

    @classmethod
    def of_environment(cls, prefix: str) -> Credentials:
        """Read them from PREFIX_USER, and PREFIX_PASSWORD or the file that PREFIX_PASSWORD_FILE names."""
        password = os.environ.get(f"{prefix}_PASSWORD")
        file = os.environ.get(f"{prefix}_PASSWORD_FILE")
        if password is None and file:
            try:
                password = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeError) as error:
                raise NotFoundError(f"{prefix}_PASSWORD_FILE names {file}, which cannot be read.") from error
        return cls(os.environ.get(f"{prefix}_USER"), password)


def is_jdbc(url: str) -> bool:
    """Whether an address is one of JDBC."""
    return url.lower().startswith("jdbc:")


def has_password(url: str) -> bool:
    """Whether an address has a password in it: as a setting, or behind a user before the host."""
    return _SECRET.search(url) is not None or _USER_AND_PASSWORD.match(_BEGIN.sub("", url)) is not None


def without_secrets(text: str) -> str:
    """A text without settings that are passwords."""
    return _SECRET.sub("", text)


def without_password(url: str) -> str:
    """The address without its settings, and without what is before the host."""
    return _without_user(re.split(r"[;?]", without_secrets(url))[0], "...@")


def place_of(url: str) -> str:
    """The address with all that says which database it is, without user and password."""
    return _without_user(without_secrets(url), "")


def _without_user(address: str, other: str) -> str:
    begin = _BEGIN.match(address)
    found = begin[0] if begin else ""
    return found + _USER_AND_PASSWORD.sub(other, address[len(found) :], count=1)
