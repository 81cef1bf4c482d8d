"""Bring a model to production: deployed where the flow is new, else compared with the present one and swapped.

    python release_model.py --url http://nifi:8080 --flow batch-files --name churn --model churn.mojo \
        --check rows.csv --most-changed 0.05 --param input.directory=/data/in ...

Ends with 0, or with the exit code of the error, as the command dai-nifi does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dai_nifi import deploy, status, swap
from dai_nifi.errors import NotFoundError, ToolError


def main() -> int:
    """Release the model that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--flow", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--check", required=True, type=Path, help="rows to score with both models")
    parser.add_argument("--most-changed", type=float, default=0.1, help="share of rows that may change their class")
    parser.add_argument("--param", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args()
    try:
        release(asked)
    except ToolError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def release(asked: argparse.Namespace) -> None:
    """Deploy or swap; raises ToolError where the model must not go live."""
    try:
        status(asked.name, url=asked.url)
    except NotFoundError:
        parameters = dict(pair.split("=", 1) for pair in asked.param)
        made = deploy(asked.flow, asked.model, name=asked.name, parameters=parameters, url=asked.url)
        print(f"{made.name} is {made.action} with {made.model}")
        return
    looked = swap(asked.name, asked.model, check=asked.check, dry_run=True, url=asked.url)
    found = looked.comparison
    if found is not None and found.class_changed is not None:
        share = found.class_changed / max(found.compared, 1)
        print(f"another class for {share:.1%} of {found.compared} rows")
        if share > asked.most_changed:
            raise ToolError(f"that is more than {asked.most_changed:.1%}; {asked.name} keeps {looked.old}")
    done = swap(asked.name, asked.model, url=asked.url)
    print(f"{done.name}: {done.old} -> {done.new}, {done.action}, paused for {done.paused_seconds or 0:.2f} s")


if __name__ == "__main__":
    sys.exit(main())
