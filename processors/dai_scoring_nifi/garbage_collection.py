"""Python's garbage collector, kept away from what lives as long as a processor runs."""

from __future__ import annotations

import gc


def freeze_living_objects() -> None:
    """Let the collector no longer go through the objects that are alive now; for when a processor starts.

    JPype has it go through all of them, with Python's lock held, whenever Java has collected its own garbage, which
    scoring makes it do many times a second. What was spared before and is garbage by now is collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
