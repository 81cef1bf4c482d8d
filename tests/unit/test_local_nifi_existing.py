"""An existing installation, played by a ``nifi.sh`` with a web server that answers like NiFi's API."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dai_nifi.commands.nifi import app
from dai_nifi.errors import NotFoundError, PrerequisiteError, UsageError
from dai_nifi.local import existing, web
from dai_nifi.local.existing import ExistingNiFi

SERVER = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"about": {"version": "2.5.0"}}).encode())
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

SCRIPT = """#!/bin/sh
cd "$(dirname "$0")/.."
running() { [ -f run.pid ] && kill -0 "$(cat run.pid)" 2>/dev/null; }
case "$1" in
  start) echo "$JAVA_HOME" > java_home
         "PYTHON" server.py PORT >/dev/null 2>&1 </dev/null & echo $! > run.pid ;;
  stop) kill "$(cat run.pid)"; rm run.pid ;;
  status) if running; then echo "Application Process [$(cat run.pid)] running"; else exit 3; fi ;;
esac
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(existing, "find_java", lambda: Path("/a/java"))
    port = web.free_port()
    folder = tmp_path / "nifi-2.5.0"
    for name in ("bin", "conf", "logs"):
        (folder / name).mkdir(parents=True)
    (folder / "server.py").write_text(SERVER, encoding="ascii")
    script = folder / "bin" / "nifi.sh"
    script.write_text(SCRIPT.replace("PYTHON", sys.executable).replace("PORT", str(port)), encoding="ascii")
    script.chmod(0o755)
    (folder / "conf" / "nifi.properties").write_text(
        f"# nifi.web.http.port=1\nnifi.web.http.host=127.0.0.1\nnifi.web.http.port={port}\nnifi.web.https.port=\n",
        encoding="ascii",
    )
    yield folder
    ExistingNiFi(folder).stop(lambda what, share=None: None)


def invoke(*arguments: str) -> dict[str, object]:
    ran = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert ran.exit_code == 0
    found = json.loads(ran.stdout)
    assert isinstance(found, dict)
    return found


def test_its_own_script_starts_and_stops_it(home: Path) -> None:
    before = {file: file.read_bytes() for file in (home / "conf").iterdir()}
    assert invoke("status", "--nifi-home", str(home))["running"] is False
    started = invoke("start", "--nifi-home", str(home))
    assert started["version"] == "2.5.0"
    assert started["pid"] == int((home / "run.pid").read_text("ascii"))
    assert (home / "java_home").read_text("ascii") == "/a/java\n"
    assert invoke("start", "--nifi-home", str(home))["already_running"] is True
    status = invoke("status", "--nifi-home", str(home))
    assert (status["running"], status["url"]) == (True, started["url"])
    assert invoke("stop", "--nifi-home", str(home))["stopped"] is True
    assert invoke("stop", "--nifi-home", str(home))["stopped"] is False
    assert {file: file.read_bytes() for file in (home / "conf").iterdir()} == before


def test_a_failing_script_is_reported_with_its_words(home: Path) -> None:
    (home / "bin" / "nifi.sh").write_text(
        '#!/bin/sh\n[ "$1" = status ] && exit 3\necho "no disk left" >&2\nexit 7\n', encoding="ascii"
    )
    with pytest.raises(PrerequisiteError, match="exit code 7:\nno disk left"):
        ExistingNiFi(home).start(5, lambda what, share=None: None)
    (home / "bin" / "nifi.sh").write_text("#!/bin/sh\nexit 3\n", encoding="ascii")


def test_options_of_the_local_nifi_are_refused(home: Path) -> None:
    ran = CliRunner().invoke(app, ["start", "--nifi-home", str(home), "--port", "9000"])
    assert isinstance(ran.exception, UsageError)


def test_a_folder_that_is_no_installation_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"has no bin/nifi\.sh"):
        ExistingNiFi(tmp_path)
