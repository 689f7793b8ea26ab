"""What a claim is: a statement with a criterion, what it needs of the rows, and a judgement of one line of them.

`tracking.claims` says how to write one.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import Field, model_validator

from tracking.analysis.specs.curve_spec import Scalar
from tracking.analysis.specs.quantity import Condition, Quantity, Split, refuse_split
from tracking.common.named_files.plugins import Frozen, Kind
from tracking.verdicts.finding import Finding
from tracking.verdicts.line import Line

Trial = Mapping[str, object]  # the settings of a trial, flat: {"net.width": 8}


@dataclass(frozen=True)
class Measured:
    """A measure that a claim looks at, or what is derived from some; its split matters where y does not say it.

    at: the `last` recorded value of each trial, the `smallest` one, or `every` one.
    every_layer: all layers that are recorded, each under "name/layer"; else the layer.
    """

    y: Quantity
    split: Split = ""
    layer: str = ""
    at: Literal["last", "smallest", "every"] = "last"
    every_layer: bool = False


@dataclass(frozen=True)
class Needs:
    """What a claim asks of the rows, and how the trials are split into lines.

    measures: what each trial must have, by the claim's own names.
    per: a `line` has the trials that differ only in their seed and along x; a `cell` those that differ only in their
        seed; `all` puts every trial into one line.
    x: a setting, or a measure, of numbers.
    compared: settings in which the trials of one line may differ besides, since the claim compares them.
    arms: where the claim compares groups of trials: the settings of each by its name; None is for all the others.
        Trials of no arm are not looked at.
    each_trial: the statement is about every recorded trial by itself, so that one seed is enough and one that
        contradicts decides; else it is about means over seeds.
    """

    measures: Mapping[str, Measured]
    per: Literal["line", "cell", "all"] = "line"
    x: str | None = None
    compared: tuple[str, ...] = ()
    arms: Mapping[str, Mapping[str, Scalar] | None] = field(default_factory=dict)
    each_trial: bool = False


class Claim(Frozen, ABC):
    """What every claim's Settings have in common, and what each must say."""

    name: str
    label: str = Field("", description="A short name, such as C6.")
    statement: str = Field(
        "", description="The sentence that is tested, in its source's words; if absent, written from the settings."
    )
    where: dict[str, Scalar | list[Scalar]] = Field(
        {}, description="Only trials with these settings: a value or a list."
    )
    reached: Condition | None = Field(
        None,
        description="What a trial must have reached by its last step to be compared with others, as in {measure: risk, "
        "split: train, at_most: 0.01}. One that has not is counted as not reached, and leaves the claim open.",
    )
    min_seeds: int | None = Field(
        None,
        ge=1,
        description="Finished trials that every cell needs. If absent, 2, which is what an interval needs, or 1 where "
        "every trial is judged by itself. 1 otherwise: for experiments without chance, whose numbers have no error.",
    )
    at_least: int | None = Field(
        None,
        ge=1,
        description="Finished trials of a cell that are enough where others failed or are missing; if absent, all that "
        "the sweep asks for. Diverged trials and infinite values leave a claim open whatever is said here.",
    )

    @model_validator(mode="after")
    def _one_split(self) -> "Claim":
        said = {name: value for name, value in self if name in self.model_fields_set}
        refuse_split(said.get("y"), said.get("split"))
        return self

    @abstractmethod
    def needs(self, settings: frozenset[str]) -> Needs:
        """What it asks of trials that have these settings."""

    @abstractmethod
    def tested(self) -> str:
        """The statement in one sentence, from its settings."""

    @abstractmethod
    def criterion(self) -> str:
        """When it holds, with tolerance and kind of interval, in words."""

    @abstractmethod
    def judge(self, line: Line) -> Finding:
        """What is found of one line, each of whose cells has enough seeds and none of whose values is not finite."""

    def found(self) -> str:
        """How the numbers of a judgement are said, as `tracking.verdicts.wording` reads it: "the mean is {interval}".
        A claim that leaves it out has its first numbers listed."""
        return ""

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        """What is wrong with asking this of these trials, as far as their settings tell; nothing by default."""
        return ()


class ClaimFile(Protocol):
    """What a file of tracking/claims must have."""

    @property
    def Settings(self) -> type[Claim]:
        """The keys of an item below `claims` in a sweep file, with `name`, the name of the file; and how it judges."""


CLAIMS: Kind[ClaimFile] = Kind("claim", "tracking.claims", ClaimFile)
