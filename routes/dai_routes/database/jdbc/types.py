"""The SQL types of new columns: those of the source in the same database, and otherwise one for each type of Arrow."""

from __future__ import annotations

import re

import pyarrow as pa

from dai_routes.database.jdbc.columns import KIND

SQL = b"JDBC:sql"
"""The metadata of a field that was read: the SQL type of its column."""

PRODUCT = b"JDBC:product"
"""And the name of the database that has the type."""

PADDED = b"JDBC:padded"
"""And a mark of texts of a fixed length, which the database fills up with spaces."""

# Numbers of java.sql.Types.
_CHAR, _NCHAR = 1, -15
_DECIMAL = {2, 3}
# Objects, structures, arrays and references are read as text, and no database makes them of that text.
_TEXT_ONLY = {2000, 2001, 2002, 2003, 2006}
_WITH_DIGITS = {92, 93, 2013, 2014, -101, -102, -155}
# Of all others that drivers report as text or bytes, such as UUID and TEXT, no length is written.
_SIZED_NAME = re.compile(
    r"(?i)(N?(VAR)?CHAR2?|(LONG )?N?CHARACTER|(VAR)?BINARY|RAW|(VAR)?GRAPHIC)( VARYING)?\b(?! LARGE)|DECFLOAT"
)
# Derby has the longest texts.
_LONGEST = 32_672
_KEY_LENGTH = 255
_TEXT_LENGTH = 4000

_STANDARD = {
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "REAL",
    pa.float64(): "DOUBLE PRECISION",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
    pa.timestamp("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
    pa.binary(): "BLOB",
    pa.string(): "VARCHAR",
}

# By the beginning of what the driver calls the database.
_OTHER: dict[str, dict[pa.DataType, str]] = {
    "Oracle": {
        pa.int16(): "NUMBER(5)",
        pa.int32(): "NUMBER(10)",
        pa.int64(): "NUMBER(19)",
        pa.float32(): "BINARY_FLOAT",
        pa.float64(): "BINARY_DOUBLE",
        pa.bool_(): "NUMBER(1)",
        pa.string(): "VARCHAR2",
    },
    "Microsoft SQL Server": {
        pa.bool_(): "BIT",
        pa.timestamp("us"): "DATETIME2(6)",
        pa.timestamp("us", "UTC"): "DATETIMEOFFSET(6)",
        pa.binary(): "VARBINARY(MAX)",
        pa.string(): "NVARCHAR",
    },
    "MySQL": {pa.timestamp("us"): "DATETIME(6)", pa.timestamp("us", "UTC"): "TIMESTAMP(6)", pa.binary(): "LONGBLOB"},
    "MariaDB": {pa.timestamp("us"): "DATETIME(6)", pa.timestamp("us", "UTC"): "TIMESTAMP(6)", pa.binary(): "LONGBLOB"},
    "Teradata": {pa.bool_(): "BYTEINT", pa.float32(): "FLOAT"},
}


def type_of_column(type_number: int, name: str, precision: int, scale: int, product: str) -> str:
    """The SQL type of a column that was read, with its length or digits; empty if its values become text."""
    if type_number in _TEXT_ONLY:
        return ""
    name = re.sub(r"(?i) identity\b.*", "", name)
    if "(" in name and "()" not in name:
        return name
    size = ""
    if _SIZED_NAME.match(name) and 0 < precision <= _LONGEST:
        size = f"({precision})"
    elif type_number in _DECIMAL and precision > 0 and name.upper() in ("DECIMAL", "NUMERIC", "NUMBER"):
        size = f"({precision}, {scale})"
    elif type_number in _WITH_DIGITS and scale > 0 and not product.startswith("Apache Derby"):
        size = f"({scale})"
    if "()" in name:
        return name.replace("()", size)
    first, space, rest = name.partition(" ")
    # As in TIMESTAMP(9) WITH TIME ZONE, but CHARACTER VARYING(20).
    return f"{first}{size}{space}{rest}" if rest.upper().startswith("WITH") else f"{name}{size}"


def is_padded(type_number: int) -> bool:
    """Whether a type is a text of a fixed length."""
    return type_number in (_CHAR, _NCHAR)


def type_of_field(field: pa.Field, product: str, is_key: bool = False) -> str:
    """The SQL type of a new column for the values of a field; that of a key has a length that can be indexed."""
    metadata = field.metadata or {}
    if metadata.get(SQL) and metadata.get(PRODUCT, b"").decode() == product:
        return str(metadata[SQL].decode())
    sizes = re.search(r"\(\d+, \d+\)", metadata.get(SQL, b"").decode())
    if metadata.get(KIND) == b"NUMBER" and sizes is not None:
        return f"DECIMAL{sizes[0]}"
    types = next((types for start, types in _OTHER.items() if product.startswith(start)), {})
    found = types.get(field.type) or _STANDARD.get(field.type)
    if found is None or field.type == pa.string():
        text = types.get(pa.string(), "VARCHAR")
        return f"{text}({_KEY_LENGTH if is_key else _TEXT_LENGTH})"
    return found


def mark(product: str, column_type: str) -> str:
    """The placeholder of a value that is written into a column of that type."""
    # Without it H2 makes a JSON string of the text.
    return "? FORMAT JSON" if product == "H2" and column_type == "JSON" else "?"
