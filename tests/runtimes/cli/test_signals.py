"""Ctrl-C and SIGTERM of processes that hold a Java model, or are about to: they end as others do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE

# The command is loaded once; then every moment has a process of its own, a copy of that. Moments are counted in the
# time that a process has computed, so that they mean the same on a machine that is busy.
RUN_SCORE = """
import json, os, signal, sys, threading, time
from dai_nifi import __main__, cli

number, first, folder = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
command = ["dai-nifi", "score", "--model", sys.argv[4], sys.argv[5]]
count = 14

def interrupt(moment):
    while time.process_time() < moment:
        time.sleep(0.002)
    open("sent", "w").close()
    os.kill(os.getpid(), number)
    time.sleep(300)
    os.kill(os.getpid(), signal.SIGKILL)

def outcome(name, moment):
    os.mkdir(name)
    child = os.fork()
    if not child:
        os.chdir(name)
        for descriptor in (1, 2):
            os.dup2(os.open(f"said{descriptor}", os.O_CREAT | os.O_WRONLY), descriptor)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if moment is not None:
            threading.Thread(target=interrupt, args=(moment,), daemon=True).start()
        sys.argv = [*command, "out.csv"]
        __main__.main()
    _, status, used = os.wait4(child, 0)
    with open(f"{name}/said2") as said:
        words = said.read()
    told = {"code": os.waitstatus_to_exitcode(status), "said": words, "files": sorted(os.listdir(name))}
    return told, used.ru_utime + used.ru_stime

os.chdir(folder)
whole, seconds = outcome("whole", None)
found = [outcome(str(index), seconds * (index + first) / (count + 0.5))[0] for index in range(count)]
print(json.dumps([whole, *found]))
"""


def test_a_command_with_a_java_model_ends_at_any_moment(
    samples: Path, jar_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    files = [str(samples / "penguins.mojo"), str(samples / "penguins-rows.csv")]

    # The command treats both signals alike, so the moments of one lie between those of the other.
    first = {signal.SIGINT: "0.5", signal.SIGTERM: "1"}

    def outcomes(number: signal.Signals) -> list[dict[str, object]]:
        folder = tmp_path / number.name
        folder.mkdir()
        command = [sys.executable, "-c", RUN_SCORE, str(int(number)), first[number], str(folder), *files]
        found: list[dict[str, object]] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        return found

    with ThreadPoolExecutor() as pool:
        for number, (whole, *cut_off) in zip(first, pool.map(outcomes, first), strict=True):
            assert (whole["code"], whole["files"]) == (0, ["out.csv", "said1", "said2"])
            sent = [one for one in cut_off if "sent" in str(one["files"])]
            # Those behind its end count for nothing: on a busy machine the first run takes more than the others.
            assert len(sent) > 4
            for one in sent:
                # No file of Java's on a crash, and no half of a result.
                assert one["code"] == 128 + number, one
                assert set(one["files"]) <= {"out.csv", "said1", "said2", "sent"}, one  # type: ignore[call-overload]
                assert "Traceback" not in str(one["said"]), one


RUN_OWN = """
import signal, sys, threading, time, os
from dai_scoring.models import open_model

signal.signal(signal.SIGINT, signal.default_int_handler)
model = sys.argv[1]
{first}
print(open_model(model).info.id, flush=True)
{then}
"""
OWN_HANDLER = """
import signal
signal.signal(signal.SIGTERM, lambda *_: (print("mine", flush=True), sys.exit(7)))
"""
TRY_AGAIN = """
import jpype
start = jpype.startJVM
def interrupted(*arguments, **options):
    threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()
    start(*arguments, **options)
jpype.startJVM = interrupted
try:
    open_model(model)
    time.sleep(5)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(
    ("first", "then", "number", "code", "words"),
    [
        ("", "time.sleep(300)", signal.SIGTERM, -signal.SIGTERM, []),
        ("", "time.sleep(300)", signal.SIGINT, -signal.SIGINT, []),
        (OWN_HANDLER, "time.sleep(300)", signal.SIGTERM, 7, ["mine"]),
    ],
)
def test_a_program_of_ones_own_is_ended_by_signals_as_without_java(
    samples: Path, jar_folders: tuple[Path, Path], tmp_path: Path, first: str, then: str, number: int, code: int,
    words: list[str],
) -> None:  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", RUN_OWN.format(first=first, then=then), *_where(samples)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip()
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said.split(), list(tmp_path.iterdir())) == (code, words, [])


def test_a_program_that_goes_on_after_ctrl_c_can_open_the_model(samples: Path, jar_folders: tuple[Path, Path]) -> None:
    command = [sys.executable, "-c", RUN_OWN.format(first=TRY_AGAIN, then=""), *_where(samples)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stdout.split()[:1], len(done.stdout.split())) == (0, ["interrupted"], 2), done.stderr


def _where(samples: Path) -> list[str]:
    return [str(samples / "penguins.mojo")]
