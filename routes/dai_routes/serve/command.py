"""``dai-score serve``: a model as an HTTP server. Imports nothing that the extra ``serve`` brings before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dai_scoring.cli import group

app = typer.Typer(add_completion=False, **group.SETTINGS)


@app.command()
def serve(model: Annotated[Path, typer.Argument(help="The model file.")]) -> None:
    """Answer HTTP requests with scores."""
