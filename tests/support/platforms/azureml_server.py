"""Azure's inference server on the entry script of an image, on a free port of the loopback interface."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.packages import target_packages
from tests.support.ports import free_port
from tests.support.project import ROOT
from tests.support.waiting import PATIENCE, until

VERSION = "1.5.1"
# Its command listens on all interfaces, and has no option for that.
_RUN = "import sys; from azureml_inference_server_http import amlserver_linux as server; server.run(*sys.argv[1:3], 1)"


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Server:
    """The server, with a model in the folder that AzureML would mount."""

    def __init__(self, models: Path, folder: Path) -> None:
        packages = target_packages.folder(f"azureml-server-{VERSION}", f"azureml-inference-server-http=={VERSION}")
        self._port = free_port()
        self._log = folder / "server.log"
        environment = {
            **os.environ,
            "PYTHONPATH": str(packages),
            "AZUREML_ENTRY_SCRIPT": str(ROOT / "docker" / "routes" / "score.py"),
            "AML_APP_ROOT": str(folder),
            "AZUREML_MODEL_DIR": str(models),
        }
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _RUN, "127.0.0.1", str(self._port)],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self._answers)

    @property
    def log(self) -> str:
        """All that it has printed."""
        return self._log.read_text(errors="replace")

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log
        try:
            return self.ask("/").status == 200
        except OSError:
            return False

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """Send a GET, or a POST of a body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{path}", body, named)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return Reply(response.status, response.headers, response.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Reply(refused.code, refused.headers, refused.read())

    def close(self) -> int:
        """End it as a container is ended, and return its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
