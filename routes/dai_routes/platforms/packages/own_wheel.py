"""Makes a wheel of this package as it is installed here, so that an image gets the same version."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path
from urllib.parse import unquote, urlparse

from dai_scoring.cli.errors import PrerequisiteError
from dai_scoring.extras import DISTRIBUTION

# These files belong to an installation, not to a wheel.
_INSTALLED = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"}


def write(folder: Path) -> Path:
    """Write the wheel into a folder and return it.

    pip builds the wheel of a checkout; an installed package is packed again from its files, without a network. Raises
    PrerequisiteError if pip cannot build it.
    """
    installed = distribution(DISTRIBUTION)
    checkout = _checkout(installed)
    return _packed(installed, folder) if checkout is None else _built(checkout, folder)


def _checkout(installed: Distribution) -> Path | None:
    """The checkout of an editable installation; None for any other."""
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlparse(origin["url"]).path))


def _built(checkout: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    ran = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(checkout)], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        last = (ran.stderr.strip().splitlines() or ["it does not say why"])[-1]
        raise PrerequisiteError(
            f"pip cannot build a wheel of the checkout {checkout}: {last} Build one yourself and name it with --wheel."
        )
    return next(folder.glob("*.whl"))


def _packed(installed: Distribution, folder: Path) -> Path:
    target = folder / f"{DISTRIBUTION.replace('-', '_')}-{installed.version}-py3-none-any.whl"
    record = io.StringIO()
    lines = csv.writer(record, lineterminator="\n")
    info = ""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in installed.files or ():
            name = file.as_posix()
            if file.parts[0].endswith(".dist-info"):
                info = file.parts[0]
                if file.name in _INSTALLED:
                    continue
            # Commands are outside the package's folder; pip creates them again.
            if ".." in file.parts or file.suffix == ".pyc" or file.is_absolute():
                continue
            content = Path(str(file.locate())).read_bytes()
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines.writerow([name, f"sha256={digest}", len(content)])
        lines.writerow([f"{info}/RECORD", "", ""])
        archive.writestr(f"{info}/RECORD", record.getvalue())
    return target
