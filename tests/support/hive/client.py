"""Runs statements by Hive's JDBC driver, each session in a thread of its own; a process with a Java of its own."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import jpype


def run(port: int, statements: list[str]) -> list[Any]:
    manager = jpype.JClass("java.sql.DriverManager")
    connection = manager.getConnection(f"jdbc:hive2://127.0.0.1:{port}/default;auth=noSasl", "tests", "")
    found: list[Any] = []
    try:
        for text in statements:
            statement = connection.createStatement()
            try:
                found.append(rows(statement) if statement.execute(text) else [])
            except jpype.JException as error:
                found.append(str(error.getMessage()))
            finally:
                statement.close()
    finally:
        connection.close()
    return found


def rows(statement: Any) -> list[list[Any]]:
    result = statement.getResultSet()
    count = result.getMetaData().getColumnCount()
    found = []
    while result.next():
        found.append([value(result.getObject(column + 1)) for column in range(count)])
    return found


def value(given: Any) -> Any:
    if isinstance(given, jpype.JClass("java.lang.Double") | jpype.JClass("java.lang.Float")):
        return float(given)
    if isinstance(given, jpype.JClass("java.lang.Number")):
        return int(given)
    return None if given is None else str(given)


def main() -> None:
    request = json.load(sys.stdin)
    library = next(Path(request["java"]).rglob("libjvm.so"))
    jpype.startJVM(jvmpath=str(library), classpath=[f"{request['jars']}/*"], convertStrings=False)
    jpype.JClass("org.apache.hive.jdbc.HiveDriver")
    results: list[Any] = [None] * len(request["sessions"])

    def session(index: int) -> None:
        results[index] = run(request["port"], request["sessions"][index])

    threads = [threading.Thread(target=session, args=(index,)) for index in range(len(results))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert None not in results
    Path(sys.argv[1]).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
