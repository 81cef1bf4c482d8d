"""Where a new flow is put on the canvas."""

from __future__ import annotations

from itertools import combinations

from dai_nifi.operations.deployment.free_position import Box, first_free_position


def test_a_new_group_touches_nothing_that_is_there() -> None:
    assert first_free_position([]) == (400, 400)
    label = Box(0, 0, 1000, 900)
    processor = Box(1300, 380, 352, 128)
    funnel = Box(420, 1000, 48, 48)
    x, y = first_free_position([label, processor, funnel])
    placed = Box(x, y, 384, 176)
    assert not any(placed.touches(one) for one in (label, processor, funnel))


def test_many_groups_lie_beside_each_other() -> None:
    boxes: list[Box] = []
    for _ in range(30):
        boxes.append(Box(*first_free_position(boxes), 384, 176))
    assert not any(one.touches(other) for one, other in combinations(boxes, 2))
    assert max(box.x for box in boxes) < 400 + 6 * 480
