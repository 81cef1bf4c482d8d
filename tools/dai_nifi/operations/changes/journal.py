"""The journal of a change: what a command does to a flow, so that the next one can finish it if it was killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DRY_RUN = "deploy --dry-run"
"""The verb of a flow that a dry run places for a moment."""


@dataclass(frozen=True)
class FlowChange:
    """A change of a flow that a command makes, or was making when it was cut off."""

    name: str
    """The flow's."""
    verb: str
    who: str
    since: str
    """By NiFi's clock, in ISO form."""
    cut_off: bool
    """Whether the command has ended without finishing it."""
    stopped: tuple[str, ...] = ()
    """The ids of processors that it stops for a while, and that ran before."""
    of: str | None = None
    """Which model it changes: model, or challenger."""
    old: str | None = None
    """The model before it, by its name as an asset."""
    new: str | None = None

    @classmethod
    def parse(cls, kept: dict[str, Any]) -> FlowChange:
        """A change as JSON keeps it; raises KeyError or TypeError for anything else."""
        return cls(**{**kept, "stopped": tuple(kept["stopped"])})

    @property
    def says(self) -> str:
        """The change in a sentence, without its full stop."""
        what = f"{self.verb} of {self.name}" + (f" (from {self.old} to {self.new})" if self.new else "")
        when = self.since.replace("T", " ").removesuffix("+00:00") + " UTC"
        if self.cut_off:
            return f"a {what} by {self.who}, begun {when}, was cut off"
        return f"a {what} is under way, by {self.who}, since {when}"

    def advice(self, *, is_there: bool = True) -> str:
        """What to do about a change that was cut off; ``is_there``: a flow of that name is on the canvas."""
        if self.verb == "deploy":
            return "Deploy again under the same name to finish it."
        if self.verb == DRY_RUN:
            return "The next dai-nifi deploy of the same flow, with or without --dry-run, removes what is left of it."
        if self.verb == "undeploy":
            return f"dai-nifi undeploy {self.name} finishes it."
        if not is_there:
            return (
                "If the flow was renamed on the canvas, rename it back; if it was removed, dai-nifi undeploy "
                f"{self.name} clears up what is left."
            )
        if not self.new:
            return f"dai-nifi status {self.name} shows its state; dai-nifi start or stop changes it."
        of = f" --of {self.of}" if self.of != "model" else ""
        back = f"dai-nifi rollback {self.name}{of}"
        if self.verb == "rollback":
            return f"{back} finishes it."
        return f"{back} goes back to {self.old}; the same dai-nifi swap again finishes it."
