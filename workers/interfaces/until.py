"""Stopping conditions: a measure has fallen or risen to a value."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from tracking.common.named_files.plugins import Frozen, NameOf
from workers import user_code
from workers.interfaces.measure import MEASURES

if TYPE_CHECKING:
    from workers.interfaces.snapshot import Snapshot


class Until(Frozen):
    """A measure has come down, or up, to a value."""

    measure: Annotated[str, NameOf(MEASURES)] = Field(
        "error", description="The name of a measure, such as error, risk, norm or margin."
    )
    split: Literal["train", "test", ""] = Field(
        "train", description='On the training or on the test examples; "" where the measure is on neither.'
    )
    layer: str = Field("", description="Of this layer, where the measure has a value for every layer.")
    at_most: float | None = Field(0.0, description="Reached when the measure is at most this.")
    at_least: float | None = Field(None, description="Reached when the measure is at least this, in place of at_most.")

    @model_validator(mode="after")
    def _one_side(self) -> Until:
        given = self.model_fields_set
        if self.at_least is not None:
            if "at_most" in given and self.at_most is not None:
                raise ValueError(f"until has one of at_most and at_least, got {self.at_most:g} and {self.at_least:g}")
            self.__dict__["at_most"] = None  # a frozen model takes no assignment
        elif self.at_most is None:
            raise ValueError("until needs at_most or at_least")
        return self

    @model_validator(mode="after")
    def _split_is_the_measures(self) -> Until:
        there = MEASURES.load(self.measure).SPLITS
        if "split" not in self.model_fields_set and self.split not in there:
            self.__dict__["split"] = there[0]
        if self.split not in there:
            expected = " or ".join(f'"{split}"' for split in there)
            raise ValueError(f'{self.measure} is measured on {expected}, got split "{self.split}"')
        return self

    def named_modules(self) -> tuple[ModuleType, ...]:
        """That of the measure: training ends by it."""
        return user_code.own(MEASURES, self.measure)

    def reached(self, snapshot: Snapshot) -> list[bool]:
        """For each of the M models. Raises ValueError where the measure has no such layer."""
        found = {(split, layer): values for split, layer, values in MEASURES.load(self.measure).measure(snapshot)}
        if (self.split, self.layer) not in found:
            layers = ", ".join(sorted({f'"{layer}"' for split, layer in found if split == self.split}))
            raise ValueError(f'until: {self.measure} has no layer "{self.layer}"; it has {layers}')
        return [self._holds(value) for value in found[self.split, self.layer].tolist()]

    def _holds(self, value: float) -> bool:
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)

    def __str__(self) -> str:
        what = " ".join(part for part in (self.split, self.measure, self.layer) if part)
        return f"{what} at least {self.at_least:g}" if self.at_least is not None else f"{what} at most {self.at_most:g}"
