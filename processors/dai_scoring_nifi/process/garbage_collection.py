"""Keeps Python's garbage collector from objects that live as long as a processor runs."""

from __future__ import annotations

import gc


def freeze_living_objects() -> None:
    """Exclude all objects that are alive now from garbage collection; call it when a processor starts.

    JPype has it go through all of them, with Python's lock held, whenever Java has collected its own garbage, which
    scoring makes it do many times a second. Objects that were excluded before and are garbage by now are collected
    first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
