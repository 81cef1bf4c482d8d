"""Options about H2O's licences, in both spellings; shared by the commands that load models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dai_scoring.provision.jars import LICENCE_NOTE

LICENCE_NOTE_FOR_NARS = (
    LICENCE_NOTE + " For cpp the same with daimojo from PyPI, whose licence there is H2O's Driverless AI Evaluation "
    "Agreement: for evaluation, not for production, unless your contract with H2O says otherwise."
)

ACCEPT = ("--accept-h2o-licence", "--accept-h2o-license")

AcceptLicenceOption = Annotated[bool, typer.Option(*ACCEPT, help=LICENCE_NOTE)]
LicenceFileOption = Annotated[
    Path | None,
    typer.Option("--licence-file", "--license-file", help="The Driverless AI licence file, to load the model here."),
]
