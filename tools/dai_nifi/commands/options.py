"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

UrlOption = Annotated[
    str,
    typer.Option("--url", envvar="DAI_NIFI_URL", help="The address of NiFi, such as http://127.0.0.1:8080."),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile", envvar="DAI_NIFI_PROFILE", help="A profile of nipyapi, for a secured NiFi, instead of --url."
    ),
]
TimeoutOption = Annotated[float, typer.Option(min=1, help="Seconds to wait for each thing that NiFi does.")]
