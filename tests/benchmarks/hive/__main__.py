"""How fast dai_score scores in Hive with the sample model of the Titanic, beside a function that looks at no value.

Rows are in a table of text files, with numbers as numbers; the scores are added up. Each round runs both queries, and
one that only adds up a column. Printed is the processor time of a row in microseconds, the least of the rounds, without
that of the last query.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from dai_routes import bundle
from dai_routes.hive import sql
from dai_scoring.provision import jars
from dai_scoring.scorer import RuntimeSettings
from tests.benchmarks import common
from tests.support.hive.server import Hive, started
from tests.support.processes import running_in

COLUMNS = {"pclass": "int", "sex": "string", "age": "double", "ticket": "string", "fare": "double", "cabin": "string"}
_HERE = Path(__file__).parent


def main() -> None:
    """Start a Hive, measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hive", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="titanic-pipeline.mojo")
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        jar = folder / "titanic.jar"
        bundle.write(jar, {"titanic": arguments.model}, RuntimeSettings(accept_h2o_licence=True))
        naive = jars.built_once("naive-score", _HERE / "java", "build a function", lambda what, share: None)
        # In the server's own class loader: in that of a second session the MOJO runtime could not be loaded.
        with started(folder, [*naive.glob("*.jar"), *(jars.mojo_runtime() / "mojo2").glob("*.jar")]) as hive:
            _measure(hive, folder, jar, arguments)


def _measure(hive: Hive, folder: Path, jar: Path, arguments: argparse.Namespace) -> None:
    _write_rows(folder / "rows", arguments.rows)
    fields = ", ".join(f"`{name}` {kind}" for name, kind in COLUMNS.items())
    struct = ", ".join(f"'{name}', `{name}`" for name in COLUMNS)
    before = [
        f"ADD JAR {jar}",
        f"CREATE TEMPORARY FUNCTION dai_score AS '{sql.CLASS}'",
        "CREATE TEMPORARY FUNCTION naive_score AS 'naive.NaiveScore'",
    ]
    _run(hive, [f"CREATE EXTERNAL TABLE passengers ({fields}) LOCATION 'file://{folder / 'rows'}'"])
    queries = {
        "reading": "SELECT sum(fare) FROM passengers",
        "naive": f"SELECT sum(naive_score('{arguments.model.resolve()}', named_struct({struct}))) FROM passengers",
        "dai_score": f"SELECT sum(dai_score('titanic', named_struct({struct})).`survived_0`) FROM passengers",
    }
    least = dict.fromkeys(queries, float("inf"))
    (server,) = running_in(folder / "work")
    for _ in range(arguments.rounds):
        for name, query in queries.items():
            used = common.processor_seconds(server)
            print(name, _run(hive, [*before, query]))
            least[name] = min(least[name], common.processor_seconds(server) - used)
    costs = {name: (least[name] - least["reading"]) / arguments.rows * 1e6 for name in ("naive", "dai_score")}
    for name, cost in costs.items():
        print(f"{name:10} {cost:8.2f} us CPU a row")
    print(f"dai_score of naive: {costs['naive'] / costs['dai_score']:.2f}")


def _run(hive: Hive, statements: list[str]) -> object:
    results = hive.run(statements)[0]
    if wrong := [one for one in results if isinstance(one, str)]:
        raise SystemExit(f"Hive says: {wrong[0]}")
    return results[-1]


def _write_rows(folder: Path, count: int) -> None:
    folder.mkdir()
    with (folder / "rows").open("w") as file:
        for number in range(count):
            sex = ("male", "female", r"\N")[number % 3]
            age = r"\N" if number % 7 == 0 else number % 80 + 0.5
            cells = [number % 3 + 1, sex, age, f"A{number % 997}", 7.25 + number % 5000 * 0.01, f"C{number % 11}"]
            file.write("\x01".join(map(str, cells)) + "\n")


if __name__ == "__main__":
    main()
