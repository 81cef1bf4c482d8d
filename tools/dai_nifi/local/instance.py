"""An instance of the local NiFi: a folder with configuration, data and logs, and the process on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dai_nifi.client.node_api import NodeApi
from dai_nifi.errors import ConflictError, NiFiUnreachableError, ToolError, UsageError
from dai_nifi.local import assembly, config, logs, ports, processes, security
from dai_nifi.local.certificates import Certificates
from dai_nifi.local.java import find_java
from dai_nifi.local.states import RunningNiFi, Status
from dai_nifi.waiting import wait_until
from dai_scoring.progress import Progress, silent
from dai_scoring.provision import cache

DEFAULT_PORT = 8080
DEFAULT_SECURE_PORT = 8443
DEFAULT_HEAP = "1g"
TLS = "tls"
DEFAULT_TIMEOUT = 300.0

# NiFi itself gives its components 10 s (nifi.flowcontroller.graceful.shutdown.period).
_STOP_SECONDS = 60.0
_CHILDREN_SECONDS = 10.0
# A NiFi that is half started has nothing to lose, and the user waits.
_HALF_STARTED_SECONDS = 2.0
# Twice nifi.flowservice.writedelay.interval, and a little more.
_SAVED_SECONDS = 1.5


@dataclass(frozen=True)
class _Run:
    """What ``run.json`` keeps of a started process."""

    pid: int
    identity: str  # of processes.identity: that id alone may be another process by now
    mark: str
    port: int
    management_port: int
    started: float  # seconds since the epoch
    secured: bool = False

    @property
    def url(self) -> str:
        return f"http{'s' if self.secured else ''}://{ports.LOOPBACK}:{self.port}/nifi"

    @property
    def api(self) -> str:
        return f"{self.url}-api"

    @property
    def alive(self) -> bool:
        return processes.identity(self.pid) == self.identity


class LocalNiFi:
    """The local NiFi of one folder, made on first start; everything it writes is inside.

    A folder that was started as secured is a secured NiFi from then on. ``tls`` is where the certificates are, if not
    in the folder itself.
    """

    def __init__(self, directory: Path, tls: Path | None = None) -> None:
        self.dir = directory.expanduser().absolute()
        self.certificates = Certificates(tls or self.dir / TLS)
        self.conf = self.dir / "conf"
        self.log = self.dir / "logs" / "nifi-app.log"
        self.console = self.dir / "logs" / "nifi-console.log"
        self.nar_extensions = self.dir / "nar_extensions"
        """NARs put here are loaded within seconds, also while NiFi runs."""
        self.python_extensions = self.dir / "python_extensions"
        """Python processors put here as source are found when NiFi starts."""
        self._run_file = self.dir / "run.json"

    def start(
        self,
        port: int | None = None,
        *,
        python: str | None = None,
        heap: str = DEFAULT_HEAP,
        timeout: float = DEFAULT_TIMEOUT,
        properties: Mapping[str, str] | None = None,
        secure: bool = False,
        progress: Progress = silent,
    ) -> RunningNiFi:
        """Start NiFi on 127.0.0.1 and wait until its API answers; one that runs already is returned as it is.

        Args:
            port: of HTTP; 0 picks a free one, None means 8080 (8443 if secured), or whatever a running one has.
            python: interpreter of the Python processors; the one that runs this by default.
            heap: Java's maximum, such as ``1g`` or ``512m``.
            timeout: seconds to wait for the API, once NiFi is assembled.
            properties: keys of nifi.properties that replace or extend the template's.
            secure: HTTPS, and only for clients with a certificate.
            progress: called with what happens and a share of 1, or None if it is not known.

        Raises:
            ConflictError: the port is taken, or this NiFi runs on another port than the one asked for, or is open.
            PrerequisiteError: no Java or no Maven.
            UsageError: the folder's path is not ASCII, or a property's name could not be one.
            NiFiUnreachableError: NiFi ended, or did not answer in time (it is stopped again).
            ToolError: Maven failed.

        """
        with self._locked(progress):
            run = self._read_run()
            if run is not None and run.alive:
                if port not in (None, 0, run.port):
                    raise ConflictError(
                        f"NiFi of {self.dir} runs already, on port {run.port} and not {port}. Stop it first."
                    )
                if secure and not run.secured:
                    raise ConflictError(f"NiFi of {self.dir} runs already, without --secure. Stop it first.")
                return self._wait(run, timeout, progress, already_running=True)
            certificates = self.certificates if secure or self.certificates.exist else None
            if certificates:
                certificates.renew(progress)
            default = DEFAULT_SECURE_PORT if certificates else DEFAULT_PORT
            settings = config.Settings(
                default if port is None else port, python or sys.executable, properties or {}, certificates
            )
            run = self._launch(settings, heap, progress)
            try:
                running = self._wait(run, timeout, progress)
                if certificates:
                    security.grant(self._api(run), certificates, self.conf)
            except BaseException:
                # Interrupted, ended or too late: a half-started NiFi would be in the way of the next attempt.
                self._end(run, seconds=_HALF_STARTED_SECONDS)
                raise
            return running

    def launch(self, settings: config.Settings, heap: str, progress: Progress = silent) -> bool:
        """Start the process alone, of a cluster's node; False if it runs already. Raises as start() does."""
        with self._locked(progress):
            run = self._read_run()
            if run is not None and run.alive:
                return False
            self._launch(settings, heap, progress)
            return True

    def wait(self, timeout: float, progress: Progress = silent) -> RunningNiFi:
        """Wait until the API of what launch() started answers; raises NiFiUnreachableError as start() does."""
        run = self._read_run()
        if run is None:
            raise NiFiUnreachableError(f"NiFi of {self.dir} was stopped while it started.")
        return self._wait(run, timeout, progress)

    def stop(self, progress: Progress = silent) -> bool:
        """Stop NiFi and every process it started, by force only if needed; False if NiFi did not run."""
        with self._locked(progress):
            run = self._read_run()
            if run is None:
                return False
            was_alive = run.alive
            if was_alive:
                progress("stopping NiFi", None)
                # NiFi would save a change that it has not saved yet when all is stopped, as a flow that does not run.
                time.sleep(_SAVED_SECONDS)
            self._end(run, seconds=_STOP_SECONDS)
            return was_alive

    def status(self) -> Status:
        """Look at the process and its API; changes nothing."""
        run = self._read_run()
        if run is None or not run.alive:
            return Status(False, self.dir, self.log, certificates=self.certificates.all_validity())
        return Status(
            running=True,
            dir=self.dir,
            log=self.log,
            url=run.url,
            api=run.api,
            pid=run.pid,
            version=self._api(run).version(),
            uptime_seconds=round(time.time() - run.started, 1),
            certificates=self.certificates.all_validity(),
        )

    @contextmanager
    def _locked(self, progress: Progress) -> Iterator[None]:
        lock = self.dir / ".lock"
        with cache.locked(lock, lambda: progress("waiting for another start or stop here", None)):
            yield

    def _api(self, run: _Run) -> NodeApi:
        return NodeApi(run.api, security.tls(self.certificates) if run.secured else None)

    def _launch(self, settings: config.Settings, heap: str, progress: Progress) -> _Run:
        before = self._read_run()
        if before is not None:
            # It died: its Python processes may not have noticed.
            processes.end_members(before.pid, before.mark, _CHILDREN_SECONDS)
        if not str(self.dir).isascii():
            raise UsageError(
                f"NiFi's web server does not start in {self.dir}: Jetty opens its archives by addresses "
                "that must be ASCII. Choose another with --dir (make demo and make stop: ARGS='--dir FOLDER')."
            )
        settings = replace(settings, port=ports.claim_port(settings.port))
        java = find_java(progress)
        assembled = assembly.ensure(java, progress)
        self._prepare(assembled, settings)
        return self._spawn(java, assembled, settings, heap)

    def _prepare(self, assembled: assembly.Assembly, settings: config.Settings) -> None:
        for folder in (self.log.parent, self.nar_extensions, self.python_extensions, self.dir / "state"):
            folder.mkdir(parents=True, exist_ok=True)
        # Keeps the folder out of version control.
        (self.dir / ".gitignore").write_text("*\n", encoding="ascii")
        config.write(self.conf, assembled, settings)

    def _spawn(self, java: Path, assembled: assembly.Assembly, settings: config.Settings, heap: str) -> _Run:
        mark = uuid.uuid4().hex
        management_port = ports.free_port()
        command = [
            str(java / "bin" / "java"),
            f"-Xmx{heap}",
            "-Djava.awt.headless=true",
            "-Dnifi.properties.file.path=conf/nifi.properties",
            "-Dorg.apache.nifi.bootstrap.config.log.dir=logs",
            f"-Dorg.apache.nifi.management.server.address={ports.LOOPBACK}:{management_port}",
            "-cp",
            os.pathsep.join(["conf", f"{assembled.lib}/*"]),
            "org.apache.nifi.NiFi",
        ]
        with self.console.open("wb") as console:
            # In a new session, so neither ctrl-C nor closing this terminal ends it.
            process = subprocess.Popen(
                command,
                cwd=self.dir,
                env={**os.environ, "JAVA_HOME": str(java), processes.MARK: mark},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # Another process may stop it; this one must neither wait for it nor warn that it did not wait.
        process.returncode = 0
        identity = processes.identity(process.pid) or "ended"
        secured = settings.certificates is not None
        run = _Run(process.pid, identity, mark, settings.port, management_port, time.time(), secured)
        self._write_run(run)
        return run

    def _wait(self, run: _Run, timeout: float, progress: Progress, already_running: bool = False) -> RunningNiFi:
        if not already_running:
            progress("starting NiFi", None)
        api = self._api(run)

        def answer() -> RunningNiFi | None:
            version = api.version()
            if not run.alive:
                raise self._not_up("ended while it started.")
            if version is None:
                return None
            return RunningNiFi(run.url, run.api, run.pid, self.dir, version, self.log, already_running)

        late = f"did not answer at {run.api} within {timeout:g} s. A busy machine may need longer (--timeout)."
        return wait_until(answer, timeout, lambda: self._not_up(late))

    def _not_up(self, happened: str) -> NiFiUnreachableError:
        # Errors of the JVM itself, as about its heap or class path, are only on the console.
        last = "\n  ".join(logs.last_words([self.console, self.log]))
        return NiFiUnreachableError(f"NiFi {happened} The end of its log:\n  {last}\nAll of it: {self.log}")

    def _end(self, run: _Run, seconds: float) -> None:
        if run.alive:
            processes.send([run.pid], signal.SIGTERM)
            if not processes.wait_until_gone(run.pid, run.identity, seconds):
                processes.send([run.pid], signal.SIGKILL)
                if not processes.wait_until_gone(run.pid, run.identity, _CHILDREN_SECONDS):
                    raise ToolError(f"The NiFi process {run.pid} of {self.dir} does not end")
        processes.end_members(run.pid, run.mark, _CHILDREN_SECONDS)
        with suppress(ChildProcessError):
            os.waitpid(run.pid, os.WNOHANG)
        self._run_file.unlink(missing_ok=True)

    def _read_run(self) -> _Run | None:
        try:
            return _Run(**json.loads(self._run_file.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, TypeError) as error:
            raise ToolError(f"{self._run_file} is not readable ({error}); end NiFi by hand and delete it") from error

    def _write_run(self, run: _Run) -> None:
        part = self._run_file.with_suffix(".part")
        part.write_text(json.dumps(asdict(run), indent=2), encoding="utf-8")
        part.replace(self._run_file)
