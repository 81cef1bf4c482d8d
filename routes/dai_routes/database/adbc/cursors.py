"""Cursors of ADBC whose calls run beside the main thread, so that Ctrl-C stays the command's.

In the main thread the driver manager takes Ctrl-C for itself while a call runs: it cancels the statement, and that is
all. If the statement ends in the same moment nothing is left of Ctrl-C, and the command would go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import pyarrow as pa
from adbc_driver_manager import Error

from dai_scoring.cli import signals

_LOOK_SECONDS = 0.1

T = TypeVar("T")


@signals.holds
def beside_main(call: Callable[[], T], cancel: Callable[[], None]) -> T:
    """The result of a call; Ctrl-C cancels it, and is raised when it has ended: drivers may crash if left before."""
    if threading.current_thread() is not threading.main_thread():
        return call()
    with ThreadPoolExecutor(1, thread_name_prefix="dai-score-adbc") as thread:
        result = thread.submit(call)
        while not wait([result], _LOOK_SECONDS).done:
            # Again and again, since one that comes before the statement begins does nothing. Not all drivers have it.
            if signals.is_waiting():
                with suppress(Error):
                    cancel()
    signals.raise_waiting()
    return result.result()


class Cursor:
    """What this command needs of a driver's cursor."""

    @signals.holds
    def __init__(self, connection: Any) -> None:
        self._cursor = connection.cursor()
        signals.raise_waiting()

    def execute(self, statement: str, parameters: Sequence[Any] | None = None) -> None:
        """Run a statement."""
        self._call(lambda: self._cursor.execute(statement, parameters))

    def set_options(self, **options: str) -> None:
        """Set the driver's options for the next statement."""
        self._cursor.adbc_statement.set_options(**options)

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows of the last statement; none if it returns none."""
        return list(self._call(self._cursor.fetchall)) if self._cursor.description else []

    def table(self) -> pa.Table:
        """The rows of the last statement."""
        return self._call(self._cursor.fetch_arrow_table)

    def batches(self) -> pa.RecordBatchReader:
        """The rows of the last statement as they come."""
        return self._call(self._cursor.fetch_record_batch)

    def ingest(self, table: str, rows: pa.Table, **options: Any) -> None:
        """Write rows into a table in bulk."""
        self._call(lambda: self._cursor.adbc_ingest(table, rows, **options))

    @signals.holds
    def close(self) -> None:
        """Close it; on a connection that broke this fails, and an earlier call has said so."""
        try:
            self._cursor.close()
        except Error:
            # Else Python closes it once more, and prints a traceback.
            self._cursor._closed = True
        signals.raise_waiting()

    def _call(self, call: Callable[[], T]) -> T:
        return beside_main(call, self._cursor.adbc_cancel)


@contextmanager
def opened(connection: Any) -> Iterator[Cursor]:
    """A cursor of a connection, which is closed afterwards."""
    cursor = Cursor(connection)
    try:
        yield cursor
    finally:
        cursor.close()
