"""The parameters of a flow that are models, and where the model before each is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dai_nifi.flows.common import MODEL, Parameter
from dai_nifi.flows.realtime.comparison import CHALLENGER


@dataclass(frozen=True)
class ModelParameter:
    """A model of a flow: the parameter that refers to it.

    ``previous`` is a parameter that nothing uses: while it refers to the model before the last swap, NiFi keeps that.
    """

    name: str
    parameter: Parameter
    previous: str

    @property
    def previous_description(self) -> str:
        """The description of the parameter of the previous model, on the canvas."""
        return f"The {self.name} before the last swap, for dai-nifi rollback. Nothing else uses it."


MAIN = ModelParameter("model", MODEL, "model.previous")

_CHALLENGER = ModelParameter("challenger", CHALLENGER, "challenger.previous")

MODEL_PARAMETERS: Mapping[str, ModelParameter] = {one.name: one for one in (MAIN, _CHALLENGER)}
"""By what ``--of`` calls them."""
