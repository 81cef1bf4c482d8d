"""What is said on the canvas of FlowFiles that fail, and what in NiFi's log alone."""

from __future__ import annotations

from dai_scoring_nifi.reporting.bulletins import Bulletins


class Log:
    """Keeps what is logged; ``error`` shows on the canvas, ``info`` does not."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.infos: list[str] = []
        self.warnings: list[str] = []

    def error(self, text: str) -> None:
        self.errors.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def info(self, text: str) -> None:
        self.infos.append(text)


class Clock:
    """Time that passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_same_reason_shows_once_a_minute_and_every_flowfile_is_in_the_log() -> None:
    clock, log = Clock(), Log()
    bulletins = Bulletins(clock)
    for number in range(50):
        bulletins.failed(log, f"{number}.csv", "malformed_content", f"byte 0xE9 at row {number} is not valid UTF-8.")
    (shown,) = log.errors
    assert shown.startswith("Cannot score 0.csv, which goes to failure as it came: byte 0xE9 at row 0 is not valid")
    assert [text.split(",")[0] for text in log.infos] == [f"Cannot score {number}.csv" for number in range(1, 50)]
    clock.now = 61.0
    bulletins.failed(log, "late.csv", "malformed_content", "byte 0xC3 at row 7 is not valid UTF-8.")
    assert "late.csv" in log.errors[1]
    assert log.errors[1].endswith("So did 49 other FlowFile(s) since this was last shown; NiFi's log names them.")


def test_other_reasons_show_at_once_also_where_only_the_name_of_a_column_differs() -> None:
    log = Log()
    bulletins = Bulletins(Clock())
    for code, message in (
        ("missing_columns", "1 column(s) of the model are missing from the records: C7."),
        ("missing_columns", "1 column(s) of the model are missing from the records: C8."),
        ("bad_rows", "1 row(s) cannot be scored, the first of them record 3, column C7 (not_a_number)."),
    ):
        bulletins.failed(log, "rows.csv", code, message)
    assert len(log.errors) == 3
    again = "9 row(s) cannot be scored, the first of them record 5, column C7 (not_a_number)."
    bulletins.failed(log, "rows.csv", "bad_rows", again)
    assert len(log.errors) == 3
    assert len(log.infos) == 1


def test_the_mistake_of_a_client_is_a_warning() -> None:
    log = Log()
    bulletins = Bulletins(Clock())
    for name in ("first", "second"):
        bulletins.failed(log, name, "bad_rows", "1 row(s) cannot be scored.", by_client=True)
    assert log.errors == []
    assert log.warnings == [
        "Cannot score first, which goes to failure as it came: 1 row(s) cannot be scored. [bad_rows]"
    ]
    assert len(log.infos) == 1
