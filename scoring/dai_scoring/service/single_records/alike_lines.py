"""JSON objects that are written alike, each a message of its own, scored in one call with little done for each."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import pyarrow as pa

from dai_scoring.batch.options import FileOptions
from dai_scoring.batch.pieces import PieceScorer
from dai_scoring.batch.plan import TALLY, Way, plan_for
from dai_scoring.formats import Declined, Format, WantedFields
from dai_scoring.formats.json import line_pieces
from dai_scoring.formats.json.writer import JsonWriter
from dai_scoring.scorer import Scorer

_NOT_PASSING = Declined("the records do not pass as they stand")
_OTHER_CHARSET = Declined("the text is not in UTF-8")
_REJECTED = Declined("a row is rejected")
_OTHER_COUNT = Declined("a record is not alone on its line")


@dataclass(frozen=True)
class _Head:
    """What is known of the records beforehand."""

    format: Format = Format.JSON_LINES
    schema: pa.Schema | None = None


def score_alike(scorer: Scorer, options: FileOptions, lines: bytes, count: int) -> list[bytes] | Declined:
    """Objects with their predictions behind what they have, without line ends; ``lines`` has so many, one a line.

    Declined if the objects are not alike, or one is rejected: then little was done. ``options`` reject bad rows.
    """
    found = _scored(scorer, options, lines, count)
    if isinstance(found, Declined):
        TALLY.declined(Way.MERGED, found)
    else:
        TALLY.took(Way.MERGED, count)
    return found


def _scored(scorer: Scorer, options: FileOptions, lines: bytes, count: int) -> list[bytes] | Declined:
    scorer = scorer.with_missing(options.missing_values)
    head = _Head()
    plan = plan_for(head, options, scorer, head.format)
    if not isinstance(plan.wanted, WantedFields) or not plan.passes_lines:
        return _NOT_PASSING
    try:
        lines.decode()
    except UnicodeDecodeError:
        return _OTHER_CHARSET
    made = line_pieces.piece_of_records(lines, plan.wanted)
    if isinstance(made, Declined):
        return made
    piece, found_count = made
    if found_count != count:
        return _OTHER_COUNT
    chunk = piece.parse()
    if isinstance(chunk, Declined):
        return chunk
    found = PieceScorer(scorer, options, head, plan).of_chunk(chunk)
    if found.rejects.num_rows:
        return _REJECTED
    if found.lines is None:
        return _NOT_PASSING
    parts = JsonWriter(BytesIO(), head.format).encode(found.rows, found.lines)
    written = b"".join(parts).split(b"\n")[:-1]
    return written if len(written) == count else _OTHER_COUNT
