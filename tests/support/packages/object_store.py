"""A server of S3's protocol on the loopback interface: moto, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.support.packages import target_packages
from tests.support.ports import free_port
from tests.support.waiting import until

VERSION = "5.2.5"


@contextmanager
def s3() -> Iterator[dict[str, str]]:
    """Run a server without buckets; yields the environment with which its clients find it."""
    packages = target_packages.folder(f"moto-{VERSION}", f"moto[server,s3]=={VERSION}")
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(packages)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(f"{address}/moto-api/data.json"))
        yield {
            "AWS_ENDPOINT_URL": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "not-for-any-log",
            "AWS_REGION": "us-east-1",
        }
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def make_bucket(environment: Mapping[str, str], name: str) -> None:
    """Make a bucket, which obstore does not: S3 makes one for a PUT of its path."""
    request = urllib.request.Request(f"{environment['AWS_ENDPOINT_URL']}/{name}", method="PUT")
    urllib.request.urlopen(request).close()
