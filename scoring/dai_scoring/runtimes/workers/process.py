"""One worker process: started, asked, and ended whatever state it is in."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO

from dai_scoring.runtimes.workers import wire

_OUTPUT_KEPT = 4000


class WorkerDied(Exception):  # noqa: N818 - says what happened, and is never seen by users as it is
    """The worker cannot be used any more; the message completes "the worker ..."."""


class WorkerSlow(WorkerDied):
    """It gave no answer in the time that it had."""


class Worker:
    """A process that holds a model. One caller at a time.

    ``command`` starts it; the descriptors of its socket and of the pipe that closes with this process come after,
    then ``arguments``. ``environment`` are further variables of its environment, such as a licence; they never stand
    in its arguments.
    """

    def __init__(self, command: Sequence[str], arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        # Pipelines write to their working directory.
        self._folder = tempfile.mkdtemp(prefix="dai-worker-")
        ours, theirs = socket.socketpair()
        watched, self._life = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), str(watched), *arguments],
                cwd=self._folder,
                env=_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(), watched),
                start_new_session=True,
            )
        except OSError:
            os.close(self._life)
            ours.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        finally:
            theirs.close()
            os.close(watched)
        self._channel = ours
        self._output = b""
        self._drain = threading.Thread(target=self._keep_end_of, args=(self._process.stdout,), daemon=True)
        self._drain.start()

    @property
    def pid(self) -> int:
        """The process's id, which is that of its group."""
        return self._process.pid

    def ask(self, request: bytes, timeout: float) -> wire.WorkerReply:
        """Send a request and wait for its answer, ``timeout`` seconds at most; raises WorkerDied."""
        end = time.monotonic() + timeout
        try:
            self._channel.settimeout(timeout)
            self._channel.sendall(request)
            return self._receive(end)
        except TimeoutError:
            raise WorkerSlow(f"gave no answer in {timeout:g} seconds") from None
        except OSError:
            raise WorkerDied(self._how_it_ended()) from None

    def wait_until_ready(self, timeout: float) -> wire.WorkerReply:
        """What the worker says of its model once it is loaded; raises WorkerDied."""
        return self.ask(b"", timeout)

    def output(self) -> str:
        """The end of what the worker has printed; it may hold values of rows, so only for errors of the start."""
        self._drain.join(1)
        return self._output.decode("utf-8", "replace")

    def end(self) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with contextlib.suppress(OSError):
            os.close(self._life)
        self._channel.close()
        self._drain.join(1)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _receive(self, end: float) -> wire.WorkerReply:
        length, size = wire.PREFIX.unpack(self._read(wire.PREFIX.size, end))
        header = bytes(self._read(length, end))
        return wire.answer(header, self._read(size, end))

    def _read(self, size: int, end: float) -> memoryview:
        data = memoryview(bytearray(size))
        done = 0
        while done < size:
            self._channel.settimeout(max(0.001, end - time.monotonic()))
            count = self._channel.recv_into(data[done:])
            if count == 0:
                raise WorkerDied(self._how_it_ended())
            done += count
        return data

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "closed its connection"
        if code == 12:
            return "ran out of memory"
        if code < 0:
            name = signal.Signals(-code).name
            hint = ", as when the machine has no memory left" if -code == signal.SIGKILL else ""
            return f"was ended by the signal {name}{hint}"
        return f"ended by itself with the exit code {code}"

    def _keep_end_of(self, stream: IO[bytes]) -> None:
        """Read what the worker prints, so that it never waits for a reader; only the end is kept."""
        with stream:
            while block := stream.read1(1 << 16):  # type: ignore[attr-defined]
                self._output = (self._output + block)[-_OUTPUT_KEPT:]


def _environment(further: Mapping[str, str]) -> dict[str, str]:
    # The caller's own Python must not lead the worker's astray: PYTHONPATH may name packages of the caller.
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") and name != "VIRTUAL_ENV"}
    return {**own, **further}
