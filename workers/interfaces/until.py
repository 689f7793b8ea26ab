"""Stopping conditions: an error or a risk has fallen to a value."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.common.plugins import Frozen

if TYPE_CHECKING:
    from workers.interfaces.snapshot import Snapshot


class Until(Frozen):
    """A measure on a split has come down to a value."""

    measure: Literal["error", "risk"] = Field("error", description="Error or risk.")
    split: Literal["train", "test"] = Field("train", description="On the training or on the test examples.")
    at_most: float = Field(0.0, ge=0, description="Reached when the measure is at most this.")

    def reached(self, snapshot: "Snapshot") -> list[bool]:
        """For each of the M models."""
        values = snapshot.totals(self.split)[0 if self.measure == "error" else 1]
        return [bool(value <= self.at_most) for value in values.tolist()]

    def __str__(self) -> str:
        return f"{self.split} {self.measure} at most {self.at_most:g}"
