"""Bring a model to production: deployed where the flow is new, else compared with the present one and swapped.

    python release_model.py --url http://nifi:8080 --flow batch-files --name churn --model churn.mojo \
        --check rows.csv --most-changed 0.05 --param input.directory=/data/in ...

Ends with 0, or with the exit code of the error, as the command dai-nifi does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dai_nifi import Locally, deploy, status, swap
from dai_nifi.errors import NotFoundError, ToolError


def main() -> int:
    """Release the model that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--url")
    where.add_argument("--profile", help="of nipyapi, for a secured NiFi")
    parser.add_argument("--flow", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--check", required=True, type=Path, help="rows to score with both models")
    parser.add_argument("--most-changed", type=float, default=0.1, help="share of rows that may change their class")
    parser.add_argument("--param", action="append", default=[], type=pair, metavar="KEY=VALUE")
    parser.add_argument("--accept-h2o-licence", action="store_true", help="to load Driverless AI MOJOs here")
    asked = parser.parse_args()
    try:
        release(asked)
    except ToolError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def pair(text: str) -> tuple[str, str]:
    """Read KEY=VALUE."""
    key, sign, value = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"KEY=VALUE is wanted, not {text!r}")
    return key, value


def release(asked: argparse.Namespace) -> None:
    """Deploy or swap; raises ToolError where the model must not go live."""
    nifi = {"profile": asked.profile} if asked.profile else {"url": asked.url}
    try:
        status(asked.name, **nifi)
    except NotFoundError:
        made = deploy(asked.flow, asked.model, name=asked.name, parameters=dict(asked.param), **nifi)
        print(f"{made.name} is {made.action} with {made.model}")
        return
    locally = Locally(accept_h2o_licence=asked.accept_h2o_licence)
    looked = swap(asked.name, asked.model, check=asked.check, dry_run=True, locally=locally, **nifi)
    found = looked.comparison
    if found is not None and found.class_changed is not None:
        share = found.class_changed / max(found.compared, 1)
        print(f"another class for {share:.1%} of {found.compared} rows")
        if share > asked.most_changed:
            raise ToolError(f"that is more than {asked.most_changed:.1%}; {asked.name} keeps {looked.old}")
    done = swap(asked.name, asked.model, locally=locally, **nifi)
    paused = "" if done.paused_seconds is None else f", paused for {done.paused_seconds:.2f} s"
    print(f"{done.name}: {done.old} -> {done.new}, {done.action}{paused}")


if __name__ == "__main__":
    sys.exit(main())
