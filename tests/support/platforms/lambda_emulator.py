"""AWS's Runtime Interface Emulator, which runs a Lambda function as AWS does, built once into the shared cache."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.packages.go import go_program
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE, until

MODULE = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie"
VERSION = "v0.0.0-20261030222936-bef5c4ba774d"


def built() -> Path:
    """The emulator's program; skips the test where it is not in the cache and cannot be built."""
    return go_program(MODULE, VERSION, "AWS's Runtime Interface Emulator")


class Function:
    """A function in the emulator; it starts at the first call."""

    def __init__(
        self, handler: str, folder: Path, environment: Mapping[str, str], python: str = sys.executable
    ) -> None:
        self._port = free_port()
        addresses = {"--runtime-interface-emulator-address": self._port, "--runtime-api-address": free_port()}
        options = [word for name, port in addresses.items() for word in (name, f"127.0.0.1:{port}")]
        self._log = folder / "function.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [built(), *options, python, "-m", "awslambdaric", handler],
                cwd=folder,
                env={**os.environ, "AWS_LAMBDA_FUNCTION_TIMEOUT": f"{PATIENCE:.0f}", **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self._listens)

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.log
        return f"0100007F:{self._port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()

    @property
    def log(self) -> str:
        """All that the function and the emulator have printed."""
        return self._log.read_text(errors="replace")

    def call(self, event: Any) -> Any:
        """Send an event and return what the function returned."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/2015-03-31/functions/function/invocations", json.dumps(event).encode()
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return json.load(response)

    def close(self) -> None:
        """End the emulator and the function's process."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
