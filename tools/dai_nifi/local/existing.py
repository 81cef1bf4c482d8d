"""An official NiFi installation, run by the script that it brings; nothing in it is changed.

Its port, heap and interpreter are what its ``conf/nifi.properties`` and ``conf/bootstrap.conf`` say, and so
is its security: an installation out of the box speaks HTTPS and wants a login.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from pathlib import Path

from dai_nifi.errors import NiFiUnreachableError, NotFoundError, PrerequisiteError
from dai_nifi.local import logs, web
from dai_nifi.local.java import find_java
from dai_nifi.local.states import RunningNiFi, Status
from dai_scoring.progress import Progress

_RUNNING, _NOT_RUNNING = 0, 3  # exit codes of nifi.sh status, those of an init script
_STOP_SECONDS = 120.0


class ExistingNiFi:
    """The installation in one folder, laid out like the official archive."""

    def __init__(self, home: Path) -> None:
        self.dir = home.expanduser().absolute()
        self.log = self.dir / "logs" / "nifi-app.log"
        self._script = self.dir / "bin" / "nifi.sh"
        self._properties = self.dir / "conf" / "nifi.properties"
        for needed in (self._script, self._properties):
            if not needed.is_file():
                raise NotFoundError(f"{self.dir} is not a NiFi installation: it has no {needed.relative_to(self.dir)}")

    def start(self, timeout: float, progress: Progress) -> RunningNiFi:
        """Start it with ``nifi.sh start`` and wait until it listens; one that runs is returned as it is.

        Raises:
            PrerequisiteError: no Java, or its script fails.
            NiFiUnreachableError: it does not listen within ``timeout`` seconds.

        """
        already_running = self._is_running()
        if not already_running:
            progress("starting NiFi", None)
            self._run_script("start", timeout)
        deadline = time.monotonic() + timeout
        while not (version := self._version()):
            if time.monotonic() > deadline:
                last = "\n  ".join(logs.last_lines(self.log, 15)) if self.log.exists() else "(no log)"
                raise NiFiUnreachableError(f"NiFi did not listen at {self._url()} in time. Its log:\n  {last}")
            time.sleep(0.5)
        url = self._url()
        return RunningNiFi(url, f"{url}-api", self._pid(), self.dir, version, self.log, already_running)

    def stop(self, progress: Progress) -> bool:
        """Stop it with ``nifi.sh stop``; False if it does not run."""
        if not self._is_running():
            return False
        progress("stopping NiFi", None)
        self._run_script("stop", _STOP_SECONDS)
        return True

    def status(self) -> Status:
        """Ask ``nifi.sh status``; changes nothing."""
        if not self._is_running():
            return Status(False, self.dir, self.log)
        url = self._url()
        return Status(True, self.dir, self.log, url, f"{url}-api", self._pid(), self._version())

    def _is_running(self) -> bool:
        return self._script_status().returncode == _RUNNING

    def _pid(self) -> int | None:
        # "Process [123]" or "PID 123", depending on the release; a help to people, nothing depends on it.
        found = re.search(r"(?:Process \[|PID\s*\[?)(\d+)", self._script_status().stdout)
        return int(found[1]) if found else None

    def _script_status(self) -> subprocess.CompletedProcess[str]:
        ran = self._call("status", 60)
        if ran.returncode not in (_RUNNING, _NOT_RUNNING) and not ran.stdout.strip():
            raise PrerequisiteError(f"{self._script} status failed: {ran.stderr.strip()[-500:]}")
        return ran

    def _run_script(self, verb: str, timeout: float) -> None:
        ran = self._call(verb, timeout)
        if ran.returncode:
            told = (ran.stderr.strip() or ran.stdout.strip())[-1000:]
            raise PrerequisiteError(f"{self._script} {verb} failed with exit code {ran.returncode}:\n{told}")

    def _call(self, verb: str, timeout: float) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [self._script, verb],
                cwd=self.dir,
                env={**os.environ, "JAVA_HOME": str(find_java())},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as error:
            raise NiFiUnreachableError(f"{self._script} {verb} took longer than {timeout:g} s") from error

    def _version(self) -> str | None:
        """Its version if it answers; ``unknown`` if it only listens, because it wants a login first."""
        version = web.Api(f"{self._url()}-api").version()
        if version is None and self._url().startswith("https"):
            host, port = self._address("https")
            try:
                socket.create_connection((host, port), timeout=5).close()
            except OSError:
                return None
            return "unknown"
        return version

    def _url(self) -> str:
        scheme = "https" if self._value("nifi.web.https.port") else "http"
        host, port = self._address(scheme)
        return f"{scheme}://{host}:{port}/nifi"

    def _address(self, scheme: str) -> tuple[str, int]:
        port = self._value(f"nifi.web.{scheme}.port")
        if not port.isdigit():
            raise PrerequisiteError(f"{self._properties} sets no nifi.web.{scheme}.port")
        host = self._value(f"nifi.web.{scheme}.host")
        return (web.LOOPBACK if host in ("", "0.0.0.0") else host), int(port)  # noqa: S104 - read, not bound

    def _value(self, key: str) -> str:
        text = self._properties.read_text(encoding="iso-8859-1")
        found = re.findall(rf"^\s*{re.escape(key)}\s*=[ \t]*(.*?)\s*$", text, re.MULTILINE)
        return str(found[-1]) if found else ""
