"""Options about H2O's licences, in both spellings; shared by the commands that load models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from dai_scoring.cli.flags import flag
from dai_scoring.options import ACCEPT_H2O_LICENCE, LICENCE_FILE

ACCEPT = ("--accept-h2o-licence", "--accept-h2o-license")

AcceptLicenceOption = Annotated[bool, flag(ACCEPT_H2O_LICENCE, *ACCEPT[1:])]
LicenceFileOption = Annotated[Path | None, flag(LICENCE_FILE, "--license-file")]
