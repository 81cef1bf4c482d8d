"""How messages name this command."""

from __future__ import annotations

import shlex
import shutil
import sys


def command() -> str:
    """How to call this command from the same shell: by its name if it is on PATH, else as it was called."""
    name = "dai-nifi"
    return name if shutil.which(name) else shlex.quote(sys.argv[0])
