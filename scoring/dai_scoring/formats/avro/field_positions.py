"""Where the fields of Avro records are, found in many blocks of a file at once.

Records have no marks: where one ends is known when its fields were gone through. But blocks begin where the file says,
so the first records of all blocks are gone through together, field by field, by numpy; then the second ones, and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from dai_scoring.formats.declined import Declined

LEAST_BLOCKS = 16
"""Of fewer blocks fastavro reads the records in less time."""

PADDING = 16
"""So many bytes more than the blocks have may be looked at."""

_LONGEST = 10
_LONGEST_COUNT = 5
# How many times more places than records have may be kept for blocks of different lengths.
_MOST_UNUSED = 4

_PARTS = Declined("a field has parts, such as a list, or is a union of several types")
_FEW_BLOCKS = Declined("the file has too few blocks to gain by reading them together")
_UNEVEN = Declined("the counts of the blocks' records are too different, or are wrong")
_OTHER_BYTES = Declined("the bytes of a record are not what the schema says")

Places = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


class Shape(Enum):
    """How the end of a value is found."""

    FIXED = "fixed"
    VARINT = "varint"
    COUNTED = "counted"
    """Bytes, and how many they are before them."""


@dataclass(frozen=True)
class Step:
    """One field to go through: ``size`` of fixed values in bytes; ``null`` is the byte of a null, None for no union."""

    shape: Shape
    size: int = 0
    null: int | None = None

    @property
    def least(self) -> int:
        """The fewest bytes that the field takes."""
        return self.size if self.shape is Shape.FIXED and self.null is None else 1


_FIXED = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_OTHERS = {"int": Shape.VARINT, "long": Shape.VARINT, "string": Shape.COUNTED, "bytes": Shape.COUNTED}


def step_of(kind: Any, named: Callable[[str], Any]) -> Step | Declined:
    """How to go through a field of an (unparsed) type; Declined for types that have parts.

    ``named`` gives the definition of a type by its name, None if there is none.
    """
    if isinstance(kind, list):
        null = kind.index("null") if "null" in kind else -1
        step = step_of(kind[1 - null], named) if len(kind) == 2 and null >= 0 else _PARTS
        # The index of a branch is written zigzag.
        return _PARTS if isinstance(step, Declined) or step.null is not None else Step(step.shape, step.size, 2 * null)
    if isinstance(kind, str):
        if kind in _FIXED:
            return Step(Shape.FIXED, _FIXED[kind])
        if kind in _OTHERS:
            return Step(_OTHERS[kind])
        kind = named(kind)
    if not isinstance(kind, dict):
        return _PARTS
    if kind["type"] == "enum":
        return Step(Shape.VARINT)
    if kind["type"] == "fixed":
        return Step(Shape.FIXED, kind["size"])
    return _PARTS if kind["type"] in ("record", "error", "array", "map") else step_of(kind["type"], named)


@dataclass(frozen=True)
class FieldPositions:
    """The bytes of some blocks, padded, and for each record in order where its fields begin and where it ends.

    ``places`` has a row for each field; where a field is a union, its place is that of the index of the branch.
    """

    data: Bytes
    places: npt.NDArray[np.int32]
    ends: Places


def walk(blocks: Sequence[bytes], counts: Sequence[int], steps: Sequence[Step]) -> FieldPositions | Declined:
    """Go through the records of blocks; Declined where they are not what the steps say, or nothing is gained by it."""
    if len(blocks) < LEAST_BLOCKS:
        return _FEW_BLOCKS
    data = np.frombuffer(b"".join([*blocks, bytes(PADDING)]), np.uint8)
    sizes = np.array([len(block) for block in blocks], np.int64)
    stops = np.cumsum(sizes)
    rows = np.array(counts, np.int64)
    # Those with most records first: at every record the blocks that have one are the first so many.
    order = np.argsort(-rows, kind="stable")
    most, total = int(rows.max()), int(rows.sum())
    least = sum(step.least for step in steps)
    # Damaged blocks may claim to have any number of records.
    if not least or total * least > len(data) or most * len(blocks) > _MOST_UNUSED * total:
        return _UNEVEN
    found = np.zeros((len(steps) + 1, most, len(blocks)), np.int32)
    active = (rows[order][None, :] > np.arange(most)[:, None]).sum(axis=1).tolist()
    at = (stops - sizes)[order]
    limits = stops[order]
    try:
        for record, width in enumerate(active):
            place = at[:width]
            for number, step in enumerate(steps):
                found[number, record, :width] = place
                end = _end(data, step, place)
                if isinstance(end, Declined):
                    return end
                place = end
            if (place > limits[:width]).any():
                return _OTHER_BYTES
            found[-1, record, :width] = place
            at[:width] = place
    except IndexError:
        return _OTHER_BYTES
    if not np.array_equal(at, limits):
        return _OTHER_BYTES
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    exists = np.arange(most)[None, :] < rows[:, None]
    places = np.ascontiguousarray(np.stack([found[number].T[back][exists] for number in range(len(found))]))
    return FieldPositions(data, places[:-1], places[-1].astype(np.int64))


def _end(data: Bytes, step: Step, place: Places) -> Places | Declined:
    """From where values of a field begin to where they end."""
    here: int | Places = 1
    if step.null is not None:
        branch = data[place]
        if (branch | 2 != 2).any():
            return _OTHER_BYTES
        here = (branch != step.null).astype(np.int64)
        place = place + 1
    if step.shape is Shape.FIXED:
        return place + here * step.size
    byte = data[place]
    more = (byte >= 128) & (here > 0)
    if step.shape is Shape.VARINT:
        return _after(data, place + here, more)
    count = byte * here
    place = place + here
    shift = 7
    while more.any():
        if shift == 7 * _LONGEST_COUNT:
            return _OTHER_BYTES
        byte = data[place]
        # In place of the mark that there is more.
        count = count + more * ((byte.astype(np.int64) - 1) << shift)
        place = place + more
        more = more & (byte >= 128)
        shift += 7
    if (count & 1).any():
        return _OTHER_BYTES
    end: Places = place + (count >> 1)
    return end


def _after(data: Bytes, place: Places, more: npt.NDArray[np.bool_]) -> Places | Declined:
    """Places after the first bytes of numbers moved to their ends; ``more`` says which numbers go on."""
    for _ in range(_LONGEST):
        if not more.any():
            return place
        following = data[place] >= 128
        place = place + more
        more = more & following
    return _OTHER_BYTES
