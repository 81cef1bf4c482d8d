"""The places that a deployed flow has for models: which parameter each is, and where the model before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dai_nifi.flows.common import MODEL, Parameter
from dai_nifi.flows.realtime.comparison import CHALLENGER


@dataclass(frozen=True)
class Slot:
    """A place for a model in a flow.

    ``previous`` is a parameter that nothing uses: while it refers to the model before the last swap, NiFi keeps that.
    """

    name: str
    parameter: Parameter
    previous: str

    @property
    def previous_description(self) -> str:
        """What is said of the parameter on the canvas."""
        return f"The {self.name} before the last swap, for dai-nifi rollback. Nothing else uses it."


MAIN = Slot("model", MODEL, "model.previous")

SLOTS: Mapping[str, Slot] = {one.name: one for one in (MAIN, Slot("challenger", CHALLENGER, "challenger.previous"))}
"""By what ``--of`` calls them."""
