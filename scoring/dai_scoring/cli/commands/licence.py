"""Options about H2O's licences, in both spellings; shared by the commands that load models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dai_scoring.provision.jars import LICENCE_NOTE

ACCEPT = ("--accept-h2o-licence", "--accept-h2o-license")

AcceptLicenceOption = Annotated[bool, typer.Option(*ACCEPT, help=LICENCE_NOTE)]
LicenceFileOption = Annotated[
    Path | None,
    typer.Option("--licence-file", "--license-file", help="The Driverless AI licence file, to load the model here."),
]
