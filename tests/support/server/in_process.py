"""The parts of ``dai-score serve`` in the process of a test, and connections to them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from dai_nifi.local.ports import LOOPBACK
from dai_routes.serve.answering.app import App
from dai_routes.serve.answering.metrics import Metrics, room
from dai_routes.serve.answering.protocol import GuardedProtocol
from dai_routes.serve.answering.quick import KnownHead, QuickAnswers, Write
from dai_routes.serve.answering.routing import Route, Routes
from dai_routes.serve.dialects import DIALECTS
from dai_routes.serve.hosted import HostedModel
from dai_routes.serve.settings import ModelFile, ServerSettings
from dai_scoring.batch.options import FileOptions
from dai_scoring.models import Runtime
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.service import Response
from tests.support.waiting import PATIENCE

TYPED = "Content-Type: application/json"


def request(path: str, body: bytes | object, *headers: str, method: str = "POST", version: str = "1.1") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/{version}", "Host: here", f"Content-Length: {len(data)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + data


class Clock:
    """The time of the event loop, which passes only when a test says so."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._now = loop.time()
        patch.setattr(loop, "time", lambda: self._now)

    async def advance(self, seconds: float) -> None:
        """Let time pass, and what was to happen then."""
        self._now += seconds
        for _ in range(2):
            await asyncio.sleep(0)


class _Counting(QuickAnswers):
    """Counts the requests that it answers."""

    count = 0

    def answer(self, head: KnownHead, body: bytes, write: Write) -> None:
        self.count += 1
        super().answer(head, body, write)


class Bench:
    """A server in this process: its parts, and a connection to it."""

    def __init__(self, model: HostedModel, settings: ServerSettings, keep_alive: int) -> None:
        self.model = model
        self.counted: list[tuple[str, int]] = []
        self.app = App(settings, Routes([model], tuple(DIALECTS)), self._count)
        self.quick = _Counting(self.app)
        self._metrics = Metrics([model.name], [0.0] * room(1, 1))
        config = uvicorn.Config(
            self.app, ws="none", lifespan="off", interface="asgi3", log_config=None, access_log=False,
            timeout_keep_alive=keep_alive,
        )  # fmt: skip
        config.load()
        self.protocols: list[GuardedProtocol] = []
        self._config, self._state = config, ServerState()

    def protocol(self) -> GuardedProtocol:
        found = GuardedProtocol(self._config, self._state, {}, unread_seconds=5.0, quick=self.quick)
        self.protocols.append(found)
        return found

    def _count(self, route: Route | None, status: int, seconds: float, response: Response | None) -> None:
        self._metrics.count("" if route is None else route.model, status, seconds, response)
        self.counted.append((route.template if route else "", status))


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, *parts: bytes) -> bytes:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            # So that each part arrives alone.
            await asyncio.sleep(0.02 if len(parts) > 1 else 0)
        return await self.answer()

    async def answer(self) -> bytes:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None
        return head + await self.reader.readexactly(int(length[1]))

    async def is_closed(self) -> bool:
        return await asyncio.wait_for(self.reader.read(1), PATIENCE) == b""


@asynccontextmanager
async def served(
    file: ModelFile, settings: RuntimeSettings, keep_alive: int, **chosen: Any
) -> AsyncIterator[tuple[Bench, Callable[[], Awaitable[Client]]]]:
    """A server of one model, and a function that connects to it. ``chosen`` are settings of the server."""
    found = ServerSettings((file,), FileOptions(), Runtime.AUTO, settings, **chosen)
    model = HostedModel(file, found)
    model.start(lambda size: None)
    bench = Bench(model, found, keep_alive)
    server = await asyncio.get_running_loop().create_server(bench.protocol, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]

    async def connect() -> Client:
        return Client(*await asyncio.open_connection(LOOPBACK, port))

    try:
        yield bench, connect
    finally:
        server.close()
        await asyncio.to_thread(model.close)
