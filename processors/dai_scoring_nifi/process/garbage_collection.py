"""Keeps objects that live as long as the processor runs out of Python's garbage collection."""

from __future__ import annotations

import gc


def freeze_living_objects() -> None:
    """Exclude all objects that are alive now from garbage collection; call it when a processor starts.

    JPype runs Python's garbage collection, which holds Python's lock, whenever Java has collected its own garbage;
    while rows are scored that happens many times a second. Objects that were excluded earlier and are garbage by now
    are collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
