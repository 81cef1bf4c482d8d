"""A base image for machines that cannot fetch the official one: Debian, a Java, and the local NiFi's files.

Laid out like the official image, as far as docker/nifi relies on it: NiFi in /opt/nifi/nifi-current, run by its
bin/nifi.sh as the user nifi.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from dai_nifi.nifi import assembly, config
from dai_nifi.nifi.assembly import Assembly
from dai_nifi.nifi.jdk import find_java

PYTHON = "3.11"  # of the release of Debian
RELEASE = "bookworm"
HOME = Path("/opt/nifi/nifi-current")

NIFI = """#!/bin/sh
cd /opt/nifi/nifi-current
case "$1" in
    run)
        echo $$ > nifi.pid
        exec /opt/java/bin/java -Xmx512m -Djava.awt.headless=true -Dnifi.properties.file.path=conf/nifi.properties \
            -Dorg.apache.nifi.bootstrap.config.log.dir=logs -cp 'conf:lib/*' org.apache.nifi.NiFi ;;
    stop) kill "$(cat nifi.pid)" ;;
esac
"""


def missing() -> str | None:
    """What this machine lacks to make the image, or None."""
    if os.geteuid() != 0:
        return "a base image can only be made by root"
    return None if shutil.which("debootstrap") else "a base image needs debootstrap (Debian package debootstrap)"


def tag() -> str:
    """What the image is called: the assembly's name, since that is inside."""
    return f"dai-nifi-test-base:{assembly.place().name}"


def make(folder: Path) -> None:
    """Make the image in the engine, by way of an empty folder; needs some 1.5 GB there."""
    root = folder / "root"
    log = folder / "debootstrap.log"
    with log.open("w") as kept:
        command = ["debootstrap", "--variant=minbase", "--include=python3", RELEASE]
        subprocess.run([*command, root], check=True, stdout=kept, stderr=subprocess.STDOUT)
    java = find_java()
    assembled = assembly.ensure(java, lambda what, share=None: None)
    home = root / HOME.relative_to("/")
    home.mkdir(parents=True)
    for part in ("lib", "python"):
        shutil.copytree(assembled.root / part, home / part)
    shutil.copytree(java, root / "opt" / "java", ignore=shutil.ignore_patterns("jmods", "src.zip"))
    config.write(home / "conf", Assembly(HOME), config.Settings(8080, "python3"))
    # The official image is ready for a cluster, too, and makes its own key.
    shutil.copyfile(config.TEMPLATES / "state-management-cluster.xml", home / "conf" / "state-management.xml")
    (home / "conf" / "sensitive-properties.key").unlink()
    (home / "bin").mkdir()
    (home / "bin" / "nifi.sh").write_text(NIFI)
    (home / "bin" / "nifi.sh").chmod(0o755)
    subprocess.run(["chroot", root, "useradd", "--uid", "1000", "--create-home", "nifi"], check=True)
    subprocess.run(["chroot", root, "chown", "-R", "nifi:nifi", "/opt/nifi"], check=True)
    with subprocess.Popen(["tar", "--create", "--directory", root, "."], stdout=subprocess.PIPE) as packed:
        subprocess.run(["docker", "import", "--change", "USER nifi", "-", tag()], stdin=packed.stdout, check=True)
    shutil.rmtree(root)
