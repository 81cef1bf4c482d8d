"""Tables brought to the schema of a file."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute

from dai_scoring.errors import ContentError
from dai_scoring.formats import nested
from dai_scoring.formats.base import DOCUMENTS, MIXED, is_json_text
from dai_scoring.formats.invalid_values import malformed, with_nulls, with_replacement_characters
from dai_scoring.formats.text import cells

# The stubs know no mix of arrays and scalars, which most functions take.
pc: Any = pyarrow.compute

# What Arrow says of times of a day, dates in milliseconds and decimals.
_NUMBERS = ("not within the acceptable range", "not represent a whole number of days", "does not fit in precision")


def decoded_schema(schema: pa.Schema) -> pa.Schema:
    """``schema`` with dictionary and run-end encoded columns and views as columns of their values, without metadata.

    Chunks of one file may have different dictionaries, columns of values have one type. Metadata describes
    the table as it was (such as the index of pandas), not what is made of it. Columns of JSON texts are those of the
    file itself, which stay as they stand: DOCUMENTS.
    """
    return pa.schema([pa.field(field.name, _decoded_type(field.type), field.nullable) for field in schema])


def _decoded_type(kind: Any) -> pa.DataType:
    plain = nested.plain_type(kind)
    return DOCUMENTS if is_json_text(plain) else plain


def bad_name() -> ContentError:
    """The error of a file with a column whose name cannot be read."""
    return ContentError(
        "the name of a column is not valid UTF-8: the content is damaged, or its writer took another encoding for it.",
        advice=("If it is damaged, send it again.",),
    )


def checked(batch: pa.RecordBatch, rows: int) -> tuple[pa.RecordBatch, pa.Table | None]:
    """The batch, its values being what their types say, and :attr:`Chunk.malformed`; ``rows`` came before it.

    Rows with text that is no UTF-8 are malformed, and have U+FFFD for such bytes; so are those with a number that is
    none of a time, a date or a decimal, and have null for it. Raises ContentError where that is within a list or the
    like, and ArrowInvalid where the batch is damaged otherwise: whoever used it would read outside of its memory.
    """
    no_text: list[str] = []
    no_number: list[str] = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            if "UTF8" in str(error):
                no_text.append(name)
            elif any(part in str(error) for part in _NUMBERS):
                no_number.append(name)
            else:
                raise
    if not no_text and not no_number:
        return batch, None
    texts = with_replacement_characters(batch, no_text)
    numbers = None if texts is None else with_nulls(texts[0], no_number)
    if texts is None or numbers is None:
        name, what, other = no_text[:1], "text that is not valid UTF-8", "Else give the column a binary type."
        if texts is not None:
            name, what = no_number[:1], "values that its type does not hold"
            other = "Else give the column another type, or take it out."
        raise ContentError(
            f"column {name[0][:40]!r} has {what}, in a row from {rows + 1} to {rows + batch.num_rows}: "
            "the content is damaged, or its writer put other bytes in the column.",
            advice=("If it is damaged, send it again.", other),
            column=name[0],
        )
    return numbers[0], malformed(texts[1], numbers[1])


def decoded(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """``table`` with the columns of :func:`decoded_schema`."""
    return pa.Table.from_arrays([_decoded(column) for column in table.columns], schema=schema)


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    column = nested.plain_column(column)
    if is_json_text(column.type):
        return column.cast(column.type.storage_type).cast(pa.large_string()).cast(DOCUMENTS)
    return column


def storable_schema(schema: pa.Schema) -> pa.Schema:
    """``schema`` as binary files hold it: JSON texts are strings; all columns may hold null."""
    fields = [
        pa.field(field.name, pa.string() if is_json_text(field.type) else field.type)
        for field in decoded_schema(schema)
    ]
    return pa.schema(fields)


def conform(table: pa.Table, schema: pa.Schema, *, cut: bool = False) -> pa.Table:
    """``table`` with the columns and types of ``schema``; columns it lacks are null.

    ``cut`` lets times lose digits that the schema's unit lacks.
    """
    names = set(table.column_names)
    more = names.difference(schema.names)
    if more:
        raise ContentError(
            f"column {min(more)[:40]!r} appears in later records only, and the file has one schema.",
            advice=("Give every record all columns.", "Or set {output_format} to JSON."),
            column=min(more),
        )
    columns: list[Any] = []
    for field in schema:
        if field.name not in names:
            columns.append(pa.chunked_array([pa.nulls(table.num_rows, field.type)]))
            continue
        column: Any = table.column(field.name)
        if column.type == MIXED:
            column = pa.chunked_array(map(cells, column.chunks), pa.large_string())
        elif isinstance(column.type, pa.BaseExtensionType) and column.type != field.type:
            column = column.cast(column.type.storage_type)
        if column.type != field.type:
            try:
                column = column.cast(options=_cast_to(field.type, cut))
            except pa.ArrowException:
                raise ContentError(
                    f"column {field.name[:40]!r} has values that do not fit its type {field.type}.",
                    column=field.name,
                ) from None
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=schema)


def _cast_to(kind: pa.DataType, cut: bool) -> pc.CastOptions:
    return pc.CastOptions(target_type=kind, allow_time_truncate=cut)
