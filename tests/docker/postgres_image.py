"""Stands in for the official PostgreSQL: Debian's, made ready from the same variables at the first start."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tests.docker import debian

PROGRAMS = "/usr/lib/postgresql/15/bin"  # of debian.RELEASE
DATA = "/var/lib/postgresql/data"

ENTRY = f"""#!/bin/sh
set -eu
: "${{POSTGRES_PASSWORD:?must be set}}"
if [ ! -s {DATA}/PG_VERSION ]; then
    printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
    initdb --pgdata {DATA} --username "$POSTGRES_USER" --pwfile /tmp/password --encoding UTF8 --locale C.UTF-8 \\
        --auth-local trust --auth-host scram-sha-256
    rm /tmp/password
    echo 'host all all all scram-sha-256' >> {DATA}/pg_hba.conf
    # Nobody from outside is let in before all is there.
    pg_ctl start --wait --pgdata {DATA} --options "-c listen_addresses="
    createdb --username "$POSTGRES_USER" --maintenance-db postgres "$POSTGRES_DB"
    pg_ctl stop --wait --pgdata {DATA}
fi
postgres -D {DATA} -c listen_addresses='*' &
server=$!
# Like the official image it does not wait for its clients when it is stopped.
trap 'kill -INT "$server"' TERM
wait "$server" || wait "$server"
"""
TAG = f"dai-nifi-test-postgres:{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]}"


def make(folder: Path) -> None:
    """Make the image in the engine, by way of an empty folder; needs some 0.5 GB there."""
    with debian.root(folder, "postgresql") as root:
        entry = root / "entry.sh"
        entry.write_text(ENTRY)
        entry.chmod(0o755)
        owned = ["install", "--directory", "--owner=postgres", "--group=postgres", DATA, "/var/run/postgresql"]
        subprocess.run(["chroot", root, *owned], check=True)
        debian.pack(
            root,
            TAG,
            "USER postgres",
            f"ENV PATH={PROGRAMS}:/usr/bin:/bin",
            f"VOLUME {DATA}",
            "EXPOSE 5432",
            'ENTRYPOINT ["/entry.sh"]',
        )
