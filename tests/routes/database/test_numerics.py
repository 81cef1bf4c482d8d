"""Decimals of PostgreSQL as Arrow's: exactly, or left to the server."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from dai_routes.database.adbc import numerics

_NUMERIC = pa.opaque(pa.string(), "numeric", "PostgreSQL")


def as_decimals(text: str | None, scale: int) -> object:
    rows = pa.table({"a": pa.ExtensionArray.from_storage(_NUMERIC, pa.array([text], pa.string()))})
    found = numerics.as_decimals(rows, {"a": scale})
    return found["a"][0].as_py() if isinstance(found, pa.Table) else found.reason


@pytest.mark.parametrize(
    ("text", "scale"),
    [("7.50", 2), ("-0.001", 36), ("0", 37), ("9" * 35 + ".000", 3), ("-" + "9" * 36, 1), ("1." + "0" * 37, 0)],
)
def test_decimals_are_exact(text: str, scale: int) -> None:
    assert as_decimals(text, scale) == Decimal(text)


def test_null_stays_null() -> None:
    assert as_decimals(None, 2) is None


@pytest.mark.parametrize(
    ("text", "scale"),
    [("29551.00", 38), ("-341", 37), ("7.25" + "0" * 200, 3), ("1" * 38, 1), ("1" * 56, 0), ("NaN", 2), ("1.005", 2)],
)
def test_what_arrow_cannot_hold_is_declined(text: str, scale: int) -> None:
    assert "digits" in str(as_decimals(text, scale))
