"""One server for the tests of a module."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dai_routes.serve.settings import ModelFile
from dai_scoring.scorer import RuntimeSettings
from tests.support.server.in_process import Bench, Client, served
from tests.support.server.serving import Server, serving


@pytest.fixture(scope="module")
def server(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The sample model, served."""
    with serving(tmp_path_factory.mktemp("serve"), samples / "penguins.mojo") as found:
        yield found


@pytest.fixture(scope="session")
def rows(samples: Path) -> list[dict[str, str]]:
    """The sample's rows, as text."""
    with (samples / "penguins-rows.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def expected(samples: Path) -> list[dict[str, str]]:
    """Their scores, as H2O's own code gave them."""
    with (samples / "penguins-expected.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture
def serve(samples: Path, settings: RuntimeSettings) -> Callable[..., Any]:
    """Runs a coroutine with a server in this process, and a function that connects to it."""
    file = ModelFile("penguins", samples / "penguins.mojo")

    def run(test: Callable[[Bench, Callable[[], Awaitable[Client]]], Awaitable[None]], **chosen: Any) -> None:
        async def main() -> None:
            async with served(file, settings, chosen.pop("keep_alive", 5), **chosen) as (bench, connect):
                await test(bench, connect)

        asyncio.run(main())

    return run
