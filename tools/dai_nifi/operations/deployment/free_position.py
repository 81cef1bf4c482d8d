"""A free position on NiFi's canvas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from dai_nifi.client import api
from dai_nifi.flows.parts import BOX_HEIGHT, BOX_WIDTH

# How large things are drawn, in NiFi's web interface.
_GROUP = (384, 176)
_PORT = (240, 80)
_FUNNEL = (48, 48)

_MARGIN = 48
_FIRST = (400, 400)
_STEP = (_GROUP[0] + 96, _GROUP[1] + 80)


@dataclass(frozen=True)
class Box:
    """The part of the canvas that a component covers."""

    x: float
    y: float
    width: float
    height: float

    def touches(self, other: Box) -> bool:
        """Whether two lie on each other, or closer together than a margin."""
        return (
            self.x < other.x + other.width + _MARGIN
            and other.x < self.x + self.width + _MARGIN
            and self.y < other.y + other.height + _MARGIN
            and other.y < self.y + self.height + _MARGIN
        )


def free_position(group_id: str) -> tuple[float, float]:
    """Where a new process group inside this one covers nothing."""
    flow = api.canvas.get_flow(group_id).process_group_flow.flow
    return first_free_position(_boxes(flow))


def first_free_position(boxes: Iterable[Box]) -> tuple[float, float]:
    """The first place of a grid, going out from its corner, where a process group touches none of the boxes."""
    taken = list(boxes)
    return next((box.x, box.y) for box in _grid() if not any(box.touches(other) for other in taken))


def _grid() -> Iterator[Box]:
    for far in count():
        for row in range(far + 1):
            for column in range(far + 1):
                if far in (row, column):
                    yield Box(_FIRST[0] + column * _STEP[0], _FIRST[1] + row * _STEP[1], *_GROUP)


def _boxes(flow: Any) -> Iterator[Box]:
    sizes = {
        "processors": (BOX_WIDTH, BOX_HEIGHT),
        "process_groups": _GROUP,
        "remote_process_groups": _GROUP,
        "input_ports": _PORT,
        "output_ports": _PORT,
        "funnels": _FUNNEL,
    }
    for kind, size in sizes.items():
        for one in getattr(flow, kind) or []:
            yield Box(one.position.x, one.position.y, *size)
    for one in flow.labels or []:
        size = one.dimensions or one.component
        yield Box(one.position.x, one.position.y, size.width or 0, size.height or 0)
    for one in flow.connections or []:
        for bend in one.bends or []:
            yield Box(bend.x, bend.y, 0, 0)
